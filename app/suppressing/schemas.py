from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from app.cases.days import Day
from app.cases.schemas import Element, IdentifierKind, MatchSpec
from app.core.schemas import Epoch, PageRead, Read, Sent
from app.suppressions.rows import Mode

SuppressionId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names an entry of a suppression list; opaque.",
        examples=["sup_0198a3c4b1c27d3e8f90a1b2c3d4e5f6"],
    ),
]
Effect = Annotated[
    Mode,
    Field(
        description="It counts and is named (inform), counts at most 3 bits (down_weight), or "
        "makes no finding (block)."
    ),
]
Scope = Annotated[
    Literal["all", "state", "office"],
    Field(
        description="The pairs it applies to: with the office that makes it in them (office), "
        "with one of its state (state; attorney general only), or all (the operator only)."
    ),
]
Reason = Annotated[
    Literal["hotline", "service_provider", "shelter", "court_or_agency", "public_place", "other"],
    Field(description="Why the value says little: whose it is."),
]


class ValueSent(Sent):
    """A value of a list, as a token; its text is never sent."""

    match_spec: MatchSpec
    epoch: Epoch
    kind: IdentifierKind
    token: Element
    expires_on: Day
    """First day without it; at most two years out."""


class SuppressionAdd(ValueSent):
    """A value that says less than others of its kind."""

    mode: Effect
    scope: Scope
    reason: Reason


class SuppressionEnd(Sent):
    """The wish to end an entry; it takes no words."""


class SuppressionRead(Read):
    """An entry of a suppression list; which value it is of is not told."""

    id: SuppressionId
    owner: str | None
    """Code of the office that made it; null: the operator."""
    is_own: bool
    """Whether the reader's office made it; only who made it can end it before it expires."""
    kind: str
    """Kind of identifier that it is of, such as `tel`."""
    epoch: int
    """Its key epoch; a key rotation moves it on."""
    mode: Effect
    scope: Scope
    state: str | None
    """Two letters of the state that it applies to; null unless the scope is one."""
    reason: Reason
    expires_on: date
    """First day without it."""
    added_at: datetime
    """Since when it applies, UTC."""
    ended_at: datetime | None
    """When it was ended, UTC; null while it was not."""

    def response_headers(self) -> Mapping[str, str]:
        """Return no headers: an entry has no address of its own and does not change."""
        return {}


class SuppressionPage(PageRead[SuppressionRead]):
    """Entries that were not ended: of the office, of its state and of all; newest first."""
