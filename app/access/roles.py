from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from app.access.permissions import Permission


class Role(StrEnum):
    """What a person is in an office; a person may be several of them."""

    ADMINISTRATOR = "administrator"
    COORDINATOR = "coordinator"
    PROSECUTOR = "prosecutor"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    LEADERSHIP = "leadership"


_READING: Final = frozenset(
    {Permission.CASES_READ, Permission.OVERLAPS_READ, Permission.HANDLING_READ}
)
_WORKING: Final = _READING | {Permission.CASES_POST, Permission.TOKENS_EVALUATE}

GRANTS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.ADMINISTRATOR: frozenset({Permission.PEOPLE_MANAGE, Permission.PEOPLE_REVIEW}),
    Role.COORDINATOR: _READING
    | {Permission.HANDLING_REQUEST, Permission.HANDLING_ANSWER, Permission.SUPPRESSIONS_MANAGE},
    Role.PROSECUTOR: _WORKING | {Permission.HANDLING_REQUEST},
    Role.ANALYST: _WORKING,
    Role.AUDITOR: frozenset({Permission.PEOPLE_REVIEW}),
    Role.LEADERSHIP: _READING | {Permission.HANDLING_REQUEST, Permission.HANDLING_ANSWER},
}
"""The only place that gives a role anything. Administrators and auditors see no case."""


def permissions_of(roles: Iterable[str]) -> frozenset[Permission]:
    """Return what someone with all of `roles` may do.

    Raises:
        ValueError: a role that does not exist.
    """
    return frozenset().union(*(GRANTS[Role(role)] for role in roles))
