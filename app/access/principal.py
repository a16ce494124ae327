from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from app.access.errors import AgreementNotInForceError, MissingScopeError, StepUpNeededError
from app.access.permissions import Permission
from app.access.policy import is_allowed, permissions_of
from app.access.vocabulary import Role

STEP_UP_FOR: Final = timedelta(minutes=15)
"""How long a second factor counts as recent."""


@dataclass(frozen=True)
class Principal:
    """Who acts: an office's machine client, a person, or the operator at the command line.

    `office_id` is 0 for the operator, who belongs to no office and so sees no case.
    `is_participating` says that the office's participation agreement is in force now.
    `proved_at` is when a person last proved with a second factor who they are.
    """

    actor: str
    office_id: int
    permissions: frozenset[Permission]
    is_participating: bool = False
    client_id: UUID | None = None
    person_id: UUID | None = None
    proved_at: datetime | None = None
    request_id: str = ""
    roles: frozenset[Role] = frozenset({Role.CLIENT})

    @property
    def caller_id(self) -> UUID | None:
        """The key of the client or person; None for the operator."""
        return self.client_id or self.person_id

    def require(self, permission: Permission) -> None:
        """Refuse unless the principal holds `permission` and the policy gives it to its roles.

        Raises:
            MissingScopeError: it does not.
        """
        if not is_allowed(self, permission):
            raise MissingScopeError

    def require_participation(self) -> None:
        """Refuse an office without a participation agreement in force; the operator is of none.

        Raises:
            AgreementNotInForceError: it takes no part now.
        """
        if self.office_id and not self.is_participating:
            raise AgreementNotInForceError

    def require_step_up(self, now: datetime, within: timedelta = STEP_UP_FOR) -> None:
        """Refuse a person whose second factor is older than `within`; the operator has none.

        Raises:
            StepUpNeededError: it was given too long ago, or never.
        """
        if self.person_id is None:
            return
        if self.proved_at is None or self.proved_at <= now - within:
            raise StepUpNeededError


MATCHING = Principal("matching", 0, frozenset())
"""The registry itself, when it finishes what a post left it to find."""

OPERATOR = Principal(
    "operator", 0, permissions_of([Role.OPERATOR]), roles=frozenset({Role.OPERATOR})
)
"""The person at the command line of the registry's machine."""
