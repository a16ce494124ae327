from enum import StrEnum


class Permission(StrEnum):
    """What a principal may do; the values are the OAuth scopes of machine clients."""

    CASES_POST = "cases:post"
    CASES_READ = "cases:read"
    OVERLAPS_READ = "overlaps:read"
    OVERLAPS_JUDGE = "overlaps:judge"
    HANDLING_READ = "handling:read"
    HANDLING_REQUEST = "handling:request"
    HANDLING_ANSWER = "handling:answer"
    TOKENS_EVALUATE = "tokens:evaluate"
    OFFICES_READ = "offices:read"
    OFFICES_MANAGE = "offices:manage"


CLIENT_SCOPES = tuple(scope for scope in Permission if scope is not Permission.OFFICES_MANAGE)
"""What a machine client can be granted; managing offices is the operator's alone."""
