from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from app.cases.overlap_schemas import OverlapId
from app.cases.vocabulary import (
    Band,
    Disclosure,
    Finding,
    ReadReason,
    RecordClass,
    Rung,
    TraffickingType,
)
from app.core.plain_text import Plain
from app.core.schemas import PageRead, Read, Sent, Version
from app.offices.schemas import OfficeCode, OfficeKind
from app.people.schemas import PersonId

_EXAMPLE: Final = "_0198a3c0b1c27d3e8f90a1b2c3d4e5f6"

GrantId = Annotated[
    str,
    Field(max_length=64, description="Names a grant; opaque.", examples=[f"grt{_EXAMPLE}"]),
]
WallId = Annotated[
    str,
    Field(max_length=64, description="Names a wall; opaque.", examples=[f"wal{_EXAMPLE}"]),
]
BreakId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names the notice of an emergency reading to both offices; opaque.",
        examples=[f"brk{_EXAMPLE}"],
    ),
]
Purpose = Annotated[
    Literal["coordination", "consultation", "transfer", "victim_safety"],
    Field(description="What the office is to see it for; kept in the register."),
]
GrantState = Literal["pending", "in_force", "withdrawn", "expired"]
Reason = Annotated[
    str, StringConstraints(min_length=20, max_length=500, strip_whitespace=True), Plain
]


class GrantMake(Sent):
    """Which office may see the case, how far, what for and until when."""

    office: OfficeCode
    """Code of the office that may see it; another than the own one."""
    rung: Rung
    purpose: Purpose
    expires_at: AwareDatetime = Field(strict=False, examples=["2026-12-31T00:00:00Z"])
    """With its offset from UTC; at most a year from now."""
    overlap_id: OverlapId | None = None
    """The one overlap in which it counts, where it shows the other office; null: all with it."""


class GrantApprove(Sent):
    """The digest of the grant as it was read: what is approved is exactly that."""

    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """As the register tells it, 64 hexadecimal digits."""


class GrantRead(Read):
    """One line of the register of grants."""

    id: GrantId
    office: str | None
    """Code of the office that may see the case; null where it hides behind a pointer."""
    rung: Rung
    purpose: str
    """As granted; `handling_requested`, `handling_accepted` or `glass_broken` made it by itself."""
    state: GrantState
    """`pending` waits for a second person for a day at most and shows nothing yet."""
    granted_at: datetime
    """When it was made, UTC."""
    granted_by: str
    """Whose act made it: `client:` or `person:` and a UUID; `office:` and a code for another's."""
    approved_by: str | None
    """The second person, `person:` and a UUID; null where none has agreed."""
    expires_at: datetime | None
    """When it ends by itself, UTC; null: made by joint handling, it stands until withdrawn."""
    overlap_id: OverlapId | None
    """The one overlap in which it counts; null: all with that office."""
    withdrawn_at: datetime | None
    """When it was ended before its time, UTC, else null."""
    digest: str
    """Of office, rung, purpose, end and overlap; an approval names it."""


class GrantPage(PageRead[GrantRead]):
    """The grants of a case, newest first, with those that ended."""


class ReadingRead(Read):
    """One line of the log of a case: that another office read it, when and what for."""

    read_at: datetime
    """When it was read, UTC."""
    overlap_id: OverlapId
    """In which overlap; the reader's case in it is its need to know."""
    state: str
    """State of the reader's office, two letters."""
    office_kind: str
    """What that office is: local, attorney_general, tribal or regional."""
    office: str | None
    """Code of that office, as far as the overlap shows it now; else null."""
    reader: Literal["client", "person"]
    """Whether a machine client or a person read it; which one is in that office's audit."""
    roles: tuple[str, ...]
    """What the reader was: its right to know."""
    rung: Rung
    reason: ReadReason


class ReadingPage(PageRead[ReadingRead]):
    """Who read a case for a reason, newest first."""


class AudienceAsk(Sent):
    """A case as it would be posted, as far as the audience depends on it."""

    disclosure: Disclosure
    record_class: RecordClass
    trafficking_type: TraffickingType


class AudienceLine(Read):
    """How far offices of one kind would see the case."""

    relation: Literal["partner", "state"]
    """partner: with an overlapping case; state: the state's Attorney General."""
    office_kind: OfficeKind
    """What these offices are."""
    offices: int
    """Offices that take part today."""
    rung: Rung | None
    """How far they would see it; null where nothing is shown."""
    fields: tuple[str, ...]
    """Fields of an overlap that they would read, such as `counterpart.office`."""


class AudienceRead(Read):
    """Who could see a case, if an overlap is found; whether one would be is not told."""

    lines: tuple[AudienceLine, ...]
    """One for each kind of office that takes part, one for the Attorney General with pointers."""


class AccessLine(Read):
    """A decision of the policy, and the rules that made it."""

    relation: Literal["own", "partner", "state"]
    """own: it posted the case; partner: a case of its own overlaps; state: Attorney General."""
    overlap_id: OverlapId | None = None
    """The one overlap that the line is of, because a grant names it; null: any other."""
    rung: Rung | None
    """How far it would see the case; null where nothing is shown."""
    fields: tuple[str, ...]
    """Fields of an overlap that it would read, such as `counterpart.office`."""
    reasons: tuple[str, ...]
    """The rules that decided, kebab-case, such as `disclosed`, `walled` or `silent`."""


class AccessRead(Read):
    """Why an office can, or cannot, see a case: what it would see if a case of its own overlaps.

    Whether one does is the other office's to know, and not told.
    """

    office: str
    """Code of the office that was asked about."""
    decisions: tuple[AccessLine, ...]
    """One for each way in which it can stand to the case, and each overlap that a grant names."""
    grants: tuple[GrantId, ...]
    """Ids of the grants to it that are in force."""


class StateFindingRead(Read):
    """One reason for an overlap, without the subjects."""

    finding: Finding
    kinds: tuple[str, ...]
    """Kinds of a shared identifier, such as `tel`; `name` for a possible person."""
    band: Band | None = None
    """How likely the finding is; null for a shared identifier, which has no likelihood."""


class StateOverlapRead(Read):
    """A pointer for the Attorney General: two offices of the state have an overlap."""

    id: OverlapId
    version: Version
    found_at: datetime
    """When the matching first found it, UTC."""
    rung: Literal["pointer"]
    """More is never shown to who is no side of it."""
    band: Band
    findings: tuple[StateFindingRead, ...]
    """Why it was found, each reason apart."""
    office_kinds: tuple[str, str]
    """What the two offices are, such as local; not which."""


class StateOverlapPage(PageRead[StateOverlapRead]):
    """Overlaps between two offices of the state, newest first."""


class WallSet(Sent):
    """Whom a conflict of interest keeps from the case: an office, or a person of one's own."""

    office: OfficeCode | None = None
    """Code of another office; without a person only."""
    person: Annotated[PersonId, StringConstraints(pattern=r"^psn_[0-9a-f]{32}$")] | None = None
    """One of the own office's, as in the access review; without an office only."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.office is None) == (self.person is None):
            raise ValueError("Name either an office or a person.")
        return self


class WallRead(Read):
    """A wall before a case; nothing overrides it."""

    id: WallId
    office: str | None
    """Code of the office that it keeps out; null: it keeps a person out."""
    person: PersonId | None
    """Whom it keeps out, as in the access review; null: it keeps an office out."""
    set_at: datetime
    """Since when it stands, UTC."""
    lift_asked_at: datetime | None
    """When a first person asked to lift it, UTC; another can within 24 hours. Null: nobody did."""
    lifted_at: datetime | None
    """Since when it does not stand any more, UTC; null while it does."""


class WallPage(PageRead[WallRead]):
    """The walls in force before a case, oldest first."""


class GlassAsk(Sent):
    """Why the other side must be read now, and for how many minutes."""

    reason: Reason
    """In words, for the owner to review; refused when it holds an identifier."""
    minutes: Annotated[int, Field(ge=1, le=60, strict=True)] = 60
    """How long the summary can be read."""


class GlassReview(Sent):
    """What the owner's review found."""

    finding: Literal["justified", "not_justified"]
    """Final; the other office reads it in its notice."""


class GlassBreakRead(Read):
    """The notice that a person of another office read a case in an emergency."""

    id: BreakId
    overlap_id: OverlapId
    direction: Literal["ours", "theirs"]
    """Whose person broke the glass."""
    office: str
    """The office of that person."""
    office_name: str
    """As that office calls itself."""
    reason: str
    """As that person gave it."""
    broken_at: datetime
    """Since when it could read, UTC."""
    expires_at: datetime
    """Until when it can read, UTC; at most an hour later."""
    review_due_at: datetime
    """When the owner's review must be closed, UTC: 72 hours after `broken_at`."""
    alarmed_at: datetime | None
    """When both offices were told that the review is overdue, UTC; null: they were not."""
    reviewed_at: datetime | None
    """When the owner closed the review, UTC; null before."""
    finding: Literal["justified", "not_justified"] | None
    """What the review found; null before."""

    def response_headers(self) -> dict[str, str]:
        """Return no headers: a notice has no address of its own."""
        return {}


class GlassBreakPage(PageRead[GlassBreakRead]):
    """Notices to and from the office, newest first."""
