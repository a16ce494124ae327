from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.cases.vocabulary import Band, Disclosure, RecordClass, Rung, TraffickingType
from app.core.plain_text import Plain
from app.offices.schemas import OfficeCode, OfficeKind

PersonId = Annotated[str, StringConstraints(pattern=r"^psn_[0-9a-f]{32}$")]
Purpose = Literal["coordination", "consultation", "transfer", "victim_safety"]
GrantState = Literal["pending", "in_force", "withdrawn", "expired"]
Reason = Annotated[
    str, StringConstraints(min_length=20, max_length=500, strip_whitespace=True), Plain
]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True)


class GrantMake(_Sent):
    """Which office may see the case, how far, what for and until when."""

    office: OfficeCode
    rung: Literal["pointer", "contact", "summary", "record"]
    purpose: Purpose
    expires_at: AwareDatetime = Field(strict=False, examples=["2026-12-31T00:00:00Z"])


class GrantApprove(_Sent):
    """The digest of the grant as it was read: what is approved is exactly that."""

    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class GrantRead(_Read):
    """One line of the register of grants."""

    id: str
    office: str
    rung: Rung
    purpose: str
    state: GrantState
    granted_at: datetime
    granted_by: str
    approved_by: str | None
    expires_at: datetime | None
    overlap_id: str | None = Field(
        description="The one overlap in which it counts; null: all with that office."
    )
    withdrawn_at: datetime | None
    digest: str = Field(description="Of office, rung, purpose and end; an approval names it.")

    def response_headers(self) -> dict[str, str]:
        """Return no headers: a grant has no address of its own."""
        return {}


class GrantPage(_Read):
    """The grants of a case, newest first, with those that ended."""

    items: tuple[GrantRead, ...]
    next_cursor: str | None = None


class AudienceAsk(_Sent):
    """A case as it would be posted, as far as the audience depends on it."""

    disclosure: Disclosure
    record_class: RecordClass
    trafficking_type: TraffickingType


class AudienceLine(_Read):
    """How far offices of one kind would see the case."""

    relation: Literal["partner", "state"] = Field(
        description="partner: with an overlapping case; state: the state's Attorney General."
    )
    office_kind: OfficeKind
    offices: int = Field(description="Offices that take part today.")
    rung: Rung | None
    fields: tuple[str, ...]


class AudienceRead(_Read):
    """Who could see a case, if an overlap is found; whether one would be is not told."""

    lines: tuple[AudienceLine, ...]


class AccessLine(_Read):
    """A decision of the policy, and the rules that made it."""

    relation: Literal["own", "partner", "state"]
    rung: Rung | None = Field(description="Null where nothing is shown.")
    fields: tuple[str, ...]
    reasons: tuple[str, ...]


class AccessRead(_Read):
    """Why an office can, or cannot, see a case: what it would see if a case of its own overlaps.

    Whether one does is the other office's to know, and not told.
    """

    office: str
    decisions: tuple[AccessLine, ...]
    grants: tuple[str, ...] = Field(description="Ids of the grants to it that are in force.")


class StateFindingRead(_Read):
    """One reason for an overlap, without the subjects."""

    finding: Literal["same_person", "same_organization", "shared_identifier"]
    kinds: tuple[str, ...]
    band: Band | None = None


class StateOverlapRead(_Read):
    """A pointer for the Attorney General: two offices of the state have an overlap."""

    id: str
    version: int
    found_at: datetime
    rung: Literal["pointer"]
    band: Band
    findings: tuple[StateFindingRead, ...]
    office_kinds: tuple[str, str]


class StateOverlapPage(_Read):
    """Overlaps between two offices of the state, newest first."""

    items: tuple[StateOverlapRead, ...]
    next_cursor: str | None = None


class WallSet(_Sent):
    """Whom a conflict of interest keeps from the case: an office, or a person of one's own."""

    office: OfficeCode | None = None
    person: PersonId | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.office is None) == (self.person is None):
            raise ValueError("Name either an office or a person.")
        return self


class WallRead(_Read):
    """A wall before a case; nothing overrides it."""

    id: str
    office: str | None
    person: str | None = Field(description="The person's id, as in the access review.")
    set_at: datetime
    lift_asked_at: datetime | None
    lifted_at: datetime | None


class WallList(_Read):
    """The walls in force before a case."""

    items: tuple[WallRead, ...]


class GlassAsk(_Sent):
    """Why the other side must be read now, and for how many minutes."""

    reason: Reason
    minutes: Annotated[int, Field(ge=1, le=60, strict=True)] = 60


class GlassReview(_Sent):
    """What the owner's review found."""

    finding: Literal["justified", "not_justified"]


class GlassBreakRead(_Read):
    """The notice that a person of another office read a case in an emergency."""

    id: str
    overlap_id: str
    direction: Literal["ours", "theirs"] = Field(description="Whose person broke the glass.")
    office: str = Field(description="The office of that person.")
    reason: str
    broken_at: datetime
    expires_at: datetime
    review_due_at: datetime
    alarmed_at: datetime | None = Field(
        description="When both offices were told that the review is overdue."
    )
    reviewed_at: datetime | None
    finding: Literal["justified", "not_justified"] | None


class GlassBreakPage(_Read):
    """Notices to and from the office, newest first."""

    items: tuple[GlassBreakRead, ...]
    next_cursor: str | None = None
