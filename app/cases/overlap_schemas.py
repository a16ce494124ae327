"""An overlap as its reader may see it."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.cases.fact_schemas import FactsRead, LabelsRead, StageRead
from app.cases.vocabulary import (
    Band,
    Finding,
    JointVerdict,
    NotAMatchReason,
    RecordClass,
    RetractReason,
    Rung,
    TraffickingType,
    Verdict,
)
from app.core.schemas import PageRead, Read, Sent, Version
from app.offices.schemas import ContactRead, OfficeRef
from app.suppressions.rows import Mode

OverlapId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names an overlap, alike to all who may know of it; opaque.",
        examples=["ovl_0198a3c0b1c27d3e8f90a1b2c3d4e5f6"],
    ),
]


class CaseRef(Read):
    """An office's own name for its case."""

    source_system: str
    """The case-management system, as the office named it when it posted the case."""
    external_id: str
    """The case number in that system; no other office sees it."""


class PersonFactsRead(Read):
    """Which attributes agree, and how; never their values."""

    last_name: Literal["exact", "sound", "initial", "differs", "unknown"]
    """How far it agrees once normalized: the same, by sound, by initial; unknown: one has none."""
    first_name: Literal["exact", "sound", "initial", "differs", "unknown"]
    """As the last name; a nickname is the same as its formal name."""
    birth_date: Literal["full", "swapped", "two_parts", "day_month", "differs", "unknown"]
    """Whole, with day and month swapped, the year with one of them, or day and month alone."""
    middle_initial: Literal["agrees", "differs", "unknown"]
    """Unknown also where nothing else agrees well enough to tell."""
    postcode: Literal["agrees", "unknown"] = "unknown"
    """People move, so it never counts as differing."""
    house: Literal["agrees", "unknown"] = "unknown"
    """House number and, by sound, street; told only with the initials and without an address."""
    shared: tuple[str, ...]
    """Kinds of identifier that both subjects have with the same value, such as `tel`."""
    differing: tuple[str, ...] = ()
    """Kinds of number that both subjects have and that differ; those of which a person has one."""


class SuppressedRead(Read):
    """A shared kind on a suppression list: counted (inform), counted less, or not at all."""

    kind: str
    """Kind of identifier, such as `tel`; which value, or whose list, is not told."""
    mode: Mode
    """The strongest effect of the entries that cover the two offices."""


class FindingRead(Read):
    """One reason for an overlap."""

    finding: Finding
    subject: str
    """The ref of the own subject."""
    kinds: tuple[str, ...] = ()
    """Kinds of a shared identifier, such as `tel`; `name` for a possible person."""
    common: tuple[str, ...] = ()
    """Kinds that are shared too, by so many that it says nothing: no evidence."""
    suppressed: tuple[SuppressedRead, ...] = ()
    """Kinds that are shared and on a suppression list, and its effect."""
    band: Band | None = None
    """How likely the finding is; null for a shared identifier, which has no likelihood."""
    strength: int | None = None
    """Bits of evidence, prior included; from the rung contact on, else null."""
    first_differs: bool | None = None
    """One last name and one full date of birth with two first names: perhaps twins."""
    facts: PersonFactsRead | None = None
    """What agrees of a possible person; from the rung contact on, else null."""
    match_key: str | None = Field(default=None, examples=["+NAME+DOB+PHONE -MIDDLE"])
    """What agrees (+) and what differs (-), by kind."""
    explanation: str | None = None
    """The same as a sentence to show; from the rung contact on, else null."""


class SharedCaseRead(Read):
    """The counterpart's coded facts and guarded summary."""

    record_class: RecordClass
    trafficking_type: TraffickingType
    county_fips: str | None
    """Five digits, state and county; null if its office gave none."""
    opened_on: date | None
    """When its office opened the case; null if not given."""
    summary: str | None
    """In its office's words, which were refused if they seemed to hold an identifier; or null."""
    declined_reason: str | None = None
    """Why its office declined, else null."""
    facts: FactsRead = FactsRead()
    """Its coded facts, the statutes of offences told in full."""
    labels: LabelsRead = LabelsRead()
    """What its office asks of those who read it."""


class CounterpartRead(Read):
    """The other side, as far as its owner lets it be seen."""

    state: str
    """State of the other office, two letters."""
    office_kind: str
    """What the other office is: local, attorney_general, tribal or regional."""
    office: OfficeRef | None = None
    """Which office; from the rung contact on, else null."""
    contact: ContactRead | None = None
    """Whom to reach there; from the rung contact on, else null."""
    case: SharedCaseRead | None = None
    """What its case is about; from the rung summary on where the one overlap is read with a
    `reason`, else null."""
    stages: tuple[StageRead, ...] | None = None
    """Every step of its case, by day; at the rung record, as `case` with a reason, else null."""


class VerdictPut(Sent):
    """What an office says of an overlap."""

    verdict: Verdict
    reason: NotAMatchReason | None = None
    """Why it is none; with `not_a_match`, and only then."""

    @model_validator(mode="after")
    def _reason(self) -> Self:
        if (self.verdict == "not_a_match") != (self.reason is not None):
            raise ValueError("Give a reason with not_a_match, and only then.")
        return self


class ReopenedRead(Read):
    """Which kinds of evidence came and went since a verdict of `not_a_match`."""

    added: tuple[str, ...]
    """Kinds that agree now and did not then."""
    removed: tuple[str, ...]
    """Kinds that agreed then and do not now."""


class VerdictRead(Read):
    """What one office said."""

    verdict: Verdict
    reason: NotAMatchReason | None = None
    """Why it is no match, else null; the other office's from the rung contact on."""
    given_at: datetime
    """When it was last said, UTC."""
    reopened: ReopenedRead | None = None
    """Set when the evidence changed: the verdict no longer holds."""


class VerdictsRead(Read):
    """What both offices said, and what it comes to."""

    state: JointVerdict
    own: VerdictRead | None = None
    """That of the reader's office; null before it gave one."""
    other: VerdictRead | None = None
    """That of the other office; null before it gave one."""


class OverlapRead(Read):
    """A possible match between an own case and another office's; a person must confirm it."""

    id: OverlapId
    version: Version
    found_at: datetime
    """When the matching first found it, UTC."""
    rung: Rung
    case: CaseRef
    """The reader's own case in it."""
    band: Band
    findings: tuple[FindingRead, ...]
    """Why it was found, each reason apart."""
    counterpart: CounterpartRead
    """Whose the other case is and what is shown of it."""
    verdicts: VerdictsRead
    """What people of the two offices said of it."""
    retracted_at: datetime | None = None
    """Since when it no longer holds; shown to who had seen it."""
    retract_reason: RetractReason | None = None
    """Whether evidence went or one of the cases was withdrawn; null while it holds."""

    @property
    def etag(self) -> str:
        """The strong validator of this representation."""
        return f'"{self.version}-{self.rung}"'


class OverlapPage(PageRead[OverlapRead]):
    """Overlaps of the office, newest first."""
