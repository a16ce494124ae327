from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.access.vocabulary import PersonsRole, Role
from app.core.schemas import Read, Sent
from app.people.schemas import Name, PersonId, Short

AccountName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._@+-]{1,99}$")]
Roles = Annotated[
    tuple[PersonsRole, ...],
    Field(
        min_length=1,
        max_length=len(Role),
        description="Everything that the person is in the office.",
    ),
]
Factor = Literal["password", "totp", "passkey", "provider", "recovery_codes"]


class PersonAdd(Sent):
    """A person to add; `subject` is who it is at the office's identity provider, if known."""

    account: AccountName
    """What the person signs in as; never used again for another."""
    name: Name
    """What the person is called; for display."""
    roles: Roles
    subject: Short | None = None
    """Its `sub` at the office's identity provider, if known; else the one-time code can link it."""


class RolesSet(Sent):
    """All roles that a person is to have."""

    roles: Roles


class PersonDisable(Sent):
    """Whether a person is shut out; if so, every sign-in ends at once."""

    is_disabled: bool
    """False lets a person in again that was shut out, also by idleness."""


class EnrolmentStart(Sent):
    """Whether what the person can sign in with is taken away before the new code is given."""

    forget_factors: bool
    """True also takes second factors and the link to the provider; the password always goes."""


class EnrolmentRead(Read):
    """The one-time code to hand to the person in person; shown only now."""

    person_id: PersonId
    code: str
    """Four groups of six letters and digits; good once."""
    expires_at: datetime
    """When it is of no use any more, UTC: after 72 hours."""


class PersonRead(Read):
    """One person in the access review."""

    person_id: PersonId
    account: str
    """What the person signs in as."""
    name: str
    """What the person is called."""
    roles: list[Role]
    """What the person is in the office."""
    permissions: list[str]
    """What its roles allow together, such as `cases:read`."""
    factors: list[Factor]
    """What the person can sign in with."""
    created_at: datetime
    """When an administrator or the operator added it, UTC."""
    last_signed_in_at: datetime | None
    """When a sign-in of it last began, UTC; null: never."""
    disabled_at: datetime | None
    """Since when it is shut out, UTC; null while it is not."""
    disabled_for: Literal["administrator", "idle"] | None
    """Why: an administrator did it, or 90 days without a sign-in; null while it is not."""
