from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt

from app.cases.schemas import Day, Element, IdentifierKind
from app.suppressions.rows import Mode

Scope = Literal["all", "state", "office"]
Reason = Literal[
    "hotline", "service_provider", "shelter", "court_or_agency", "public_place", "other"
]


class SuppressionAdd(BaseModel):
    """A value that says less than others of its kind, as a token; its text is never sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    match_spec: Literal["joinder/v1"] = Field(description="The match specification of the token.")
    epoch: StrictInt = Field(ge=1, le=32767, description="The key epoch of the token.")
    kind: IdentifierKind
    token: Element
    mode: Mode = Field(
        description="It counts and is named (inform), counts at most 3 bits (down_weight), or "
        "makes no finding (block)."
    )
    scope: Scope = Field(
        description="The pairs it applies to: with the own office in them (office), with an "
        "office of the own state (state; attorney general only), or all (the operator only)."
    )
    reason: Reason
    expires_on: Day = Field(description="First day without it; at most two years out.")


class SuppressionEnd(BaseModel):
    """The wish to end an entry; it takes no words."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SuppressionRead(BaseModel):
    """An entry of a suppression list; which value it is of is not told."""

    model_config = ConfigDict(frozen=True)

    id: str
    owner: str | None = Field(description="Code of the office that made it; null: the operator.")
    is_own: bool
    kind: str
    epoch: int = Field(description="Its key epoch; a key rotation moves it on.")
    mode: Mode
    scope: Scope
    state: str | None
    reason: Reason
    expires_on: date
    added_at: datetime
    ended_at: datetime | None

    def response_headers(self) -> Mapping[str, str]:
        """Return no headers: an entry has no address of its own and does not change."""
        return {}


class SuppressionPage(BaseModel):
    """Entries that were not ended: of the office, of its state and of all; newest first."""

    model_config = ConfigDict(frozen=True)

    items: tuple[SuppressionRead, ...]
    next_cursor: str | None = None
