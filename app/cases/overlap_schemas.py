"""An overlap as its reader may see it."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.cases.vocabulary import (
    Band,
    JointVerdict,
    NotAMatchReason,
    RecordClass,
    RetractReason,
    Rung,
    TraffickingType,
    Verdict,
)
from app.suppressions.rows import Mode


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True)


class CaseRef(_Read):
    """An office's own name for its case."""

    source_system: str
    external_id: str


class PersonFactsRead(_Read):
    """Which attributes agree, and how; never their values."""

    last_name: Literal["exact", "sound", "initial", "differs", "unknown"]
    first_name: Literal["exact", "sound", "initial", "differs", "unknown"]
    birth_date: Literal["full", "swapped", "two_parts", "day_month", "differs", "unknown"]
    middle_initial: Literal["agrees", "differs", "unknown"]
    postcode: Literal["agrees", "unknown"] = "unknown"
    shared: tuple[str, ...]
    differing: tuple[str, ...] = Field(
        default=(), description="Kinds of number that both subjects have and that differ."
    )


class SuppressedRead(_Read):
    """A shared kind on a suppression list: counted (inform), counted less, or not at all."""

    kind: str
    mode: Mode


class FindingRead(_Read):
    """One reason for an overlap."""

    finding: Literal["same_person", "same_organization", "shared_identifier"]
    subject: str = Field(description="The ref of the own subject.")
    kinds: tuple[str, ...] = Field(default=(), description="Kinds of identifier that are shared.")
    common: tuple[str, ...] = Field(
        default=(),
        description="Kinds that are shared too, by so many that it says nothing: no evidence.",
    )
    suppressed: tuple[SuppressedRead, ...] = Field(
        default=(), description="Kinds that are shared and on a suppression list, and its effect."
    )
    band: Band | None = None
    strength: int | None = Field(default=None, description="Bits of evidence, prior included.")
    first_differs: bool | None = Field(
        default=None,
        description="One last name and one full date of birth with two first names: perhaps twins.",
    )
    facts: PersonFactsRead | None = None
    match_key: str | None = Field(
        default=None,
        description="What agrees (+) and what differs (-), by kind.",
        examples=["+NAME+DOB+PHONE -MIDDLE"],
    )
    explanation: str | None = None


class OfficeRef(_Read):
    """An office by code and name."""

    code: str
    name: str


class ContactRead(_Read):
    """Whom to call."""

    title: str
    phone: str
    email: str


class SharedCaseRead(_Read):
    """The counterpart's coded facts and guarded summary."""

    record_class: RecordClass
    trafficking_type: TraffickingType
    county_fips: str | None
    opened_on: date | None
    summary: str | None


class CounterpartRead(_Read):
    """The other side, as far as its owner lets it be seen."""

    state: str
    office_kind: str
    office: OfficeRef | None = None
    contact: ContactRead | None = None
    case: SharedCaseRead | None = None


class ReopenedRead(_Read):
    """Which kinds of evidence came and went since a verdict of `not_a_match`."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


class VerdictRead(_Read):
    """What one office said."""

    verdict: Verdict
    reason: NotAMatchReason | None = None
    given_at: datetime
    reopened: ReopenedRead | None = Field(
        default=None, description="Set when the evidence changed: the verdict no longer holds."
    )


class VerdictsRead(_Read):
    """What both offices said, and what it comes to."""

    state: JointVerdict
    own: VerdictRead | None = None
    other: VerdictRead | None = None


class OverlapRead(_Read):
    """A possible match between an own case and another office's; a person must confirm it."""

    id: str
    version: int
    found_at: datetime
    rung: Rung = Field(description="How much of the other side is shown.")
    case: CaseRef
    band: Band
    findings: tuple[FindingRead, ...]
    counterpart: CounterpartRead
    verdicts: VerdictsRead
    retracted_at: datetime | None = Field(
        default=None, description="Since when it no longer holds; shown to who had seen it."
    )
    retract_reason: RetractReason | None = None

    @property
    def etag(self) -> str:
        """The strong validator of this representation."""
        return f'"{self.version}-{self.rung}"'


class OverlapPage(_Read):
    """Overlaps of the office, newest first."""

    items: tuple[OverlapRead, ...]
    next_cursor: str | None = None
