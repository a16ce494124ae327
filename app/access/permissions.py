from enum import StrEnum


class Permission(StrEnum):
    """What a principal may do; `CLIENT_SCOPES` are the OAuth scopes of machine clients too."""

    CASES_POST = "cases:post"
    CASES_READ = "cases:read"
    OVERLAPS_READ = "overlaps:read"
    OVERLAPS_JUDGE = "overlaps:judge"
    HANDLING_READ = "handling:read"
    HANDLING_REQUEST = "handling:request"
    HANDLING_ANSWER = "handling:answer"
    SUPPRESSIONS_MANAGE = "suppressions:manage"
    TOKENS_EVALUATE = "tokens:evaluate"
    OFFICES_READ = "offices:read"
    OFFICES_MANAGE = "offices:manage"
    PEOPLE_MANAGE = "people:manage"
    PEOPLE_REVIEW = "people:review"


_NEVER_A_CLIENTS = {Permission.OFFICES_MANAGE, Permission.PEOPLE_MANAGE, Permission.PEOPLE_REVIEW}
CLIENT_SCOPES = tuple(scope for scope in Permission if scope not in _NEVER_A_CLIENTS)
"""What a machine client can be granted: it manages neither offices nor people."""
