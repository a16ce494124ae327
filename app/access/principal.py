from dataclasses import dataclass
from uuid import UUID

from app.access.errors import MissingScopeError
from app.access.permissions import Permission


@dataclass(frozen=True)
class Principal:
    """Who acts: an office's machine client, or the operator at the command line.

    `office_id` is 0 for the operator, who belongs to no office and so sees no case.
    `is_participating` says that the office's participation agreement is in force now.
    """

    actor: str
    office_id: int
    permissions: frozenset[Permission]
    is_participating: bool = False
    client_id: UUID | None = None
    request_id: str = ""

    def require(self, permission: Permission) -> None:
        """Refuse unless the principal holds `permission`.

        Raises:
            MissingScopeError: it does not.
        """
        if permission not in self.permissions:
            raise MissingScopeError


OPERATOR = Principal("operator", 0, frozenset({Permission.OFFICES_MANAGE}))
"""The person at the command line of the registry's machine."""
