"""The coded facts of a case, its stages and labels, and what an office attests of it.

What is posted is stored as it is here, in a column of its own name, and read back the same.
"""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictInt, StringConstraints, model_validator

from app.cases.days import Day
from app.cases.vocabulary import Standing
from app.core.plain_text import Plain
from app.core.schemas import Read, Sent
from app.reference.statutes import CODES, statute_of
from app.reference.words import (
    BASES,
    CO_OFFENCES,
    DECLINED_REASONS,
    INDUSTRIES,
    NIBRS,
    OFFENCES,
    ORIGINS,
    STAGES,
)

Industry = Annotated[
    Literal[INDUSTRIES],  # type: ignore[valid-type]  # mypy cannot read the table
    Field(description="Where people are exploited: a line of work, or a kind of venue."),
]
Origin = Annotated[
    Literal[ORIGINS],  # type: ignore[valid-type]  # as above
    Field(description="What brought the matter to the office."),
]
CoOffence = Annotated[
    Literal[CO_OFFENCES],  # type: ignore[valid-type]  # as above
    Field(description="Another offence in the same matter: a NIBRS code, or a word of ours."),
]
Nibrs = Annotated[
    Literal[OFFENCES],  # type: ignore[valid-type]  # as above
    Field(description="Offence of the FBI's National Incident-Based Reporting System."),
]
Stage = Annotated[
    Literal[STAGES],  # type: ignore[valid-type]  # as above
    Field(description="A step of the matter, as the office's own files have it."),
]
Basis = Annotated[
    Literal[BASES],  # type: ignore[valid-type]  # as above
    Field(description="What kind of support the office has; never the support itself."),
]
DeclinedReason = Annotated[
    Literal[DECLINED_REASONS],  # type: ignore[valid-type]  # as above
    Field(description="Why the office declined, in one word."),
]
Statute = Annotated[
    str,
    StringConstraints(max_length=40),
    Field(
        description="Code of a statute in the registry's table, such as `ca-pc-236.1-a`.",
        examples=["ca-pc-236.1-a"],
    ),
]
Told = Annotated[str, StringConstraints(min_length=1, max_length=200), Plain]
"""A few words about the office itself; refused when they seem to hold an identifier."""


class AttestationPut(Sent):
    """What someone of the office answers for: that there is reasonable suspicion (28 CFR 23.20(a)).

    The support stays in the office; only where it is kept is told, and only to the office itself.
    """

    attests: Literal["pre_charge", "declined"]
    """The class that it is made for: one made before a charge does not carry over to declined."""
    basis: Basis
    attested_by: Told
    """Who, by role or number, such as `Unit chief` or `badge 12`."""
    attested_on: Day
    """When; not after today."""
    support_at: Told
    """Where in the office the support is kept, such as `Case file, part 2`."""


class OffencePut(Sent):
    """An offence that the office considers or charges: a statute, or its NIBRS code alone."""

    statute: Statute | None = None
    """Where the table lacks the state's statute, give `nibrs` instead."""
    nibrs: Nibrs | None = None
    """Only without a statute: one of the table says by itself what it is counted as."""
    law_on: Day | None = None
    """The day whose law applies, the day of the offence; needed with a statute."""
    charged_on: Day | None = None
    """When it was charged; null while it is not."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.statute is None) == (self.nibrs is None):
            raise ValueError("Give a statute of the table or a NIBRS code, and not both.")
        if self.statute is None:
            return self
        if self.statute not in CODES:
            raise ValueError("Use a statute that the table has, or give its NIBRS code.")
        if self.law_on is None:
            raise ValueError("Give in law_on the day of the offence.")
        if statute_of(self.statute, self.law_on) is None:
            raise ValueError("The table has no wording for that day: give the NIBRS code instead.")
        return self


class PeriodPut(Sent):
    """From when to when people were exploited, as far as known."""

    begins_on: Day
    """The first day, or the first that is known."""
    ends_on: Day | None = None
    """Last day; null while it goes on or is not known."""

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.ends_on is not None and self.ends_on < self.begins_on:
            raise ValueError("Let the period end on or after its first day.")
        return self


class FactsPut(Sent):
    """What the matter is, in coded words; another office sees it with the summary."""

    offences: Annotated[tuple[OffencePut, ...], Field(max_length=30)] = ()
    """Considered or charged, trafficking and its kin."""
    industries: Annotated[tuple[Industry, ...], Field(max_length=10)] = ()
    """Lines of work or kinds of venue."""
    origin: Origin | None = None
    """What brought the matter to the office; null if it does not say."""
    co_offences: Annotated[tuple[CoOffence, ...], Field(max_length=20)] = ()
    """Offences other than trafficking that were found with it."""
    period: PeriodPut | None = None
    """From when to when people were exploited."""


class FactsChange(Sent):
    """The facts that a person may change on the page of a case; the others stay as posted."""

    origin: Origin | None = None
    period: PeriodPut | None = None


class StagePut(Sent):
    """A step of the matter and its day; a later post adds steps and takes none away."""

    stage: Stage
    on: Day
    """The day it was reached."""
    is_struck: bool = False
    """True to strike the same stage of the same day, posted by mistake; both stay in the record."""


class LabelsPut(Sent):
    """How the office wants the record handled; another office sees it with the summary."""

    sensitivity: Literal["routine", "sensitive", "highly_sensitive"] = "routine"
    """How much harm it would do in wrong hands, as the office judges."""
    source_confidence: Literal["A", "B", "C", "X"] = "X"
    """How far the source is trusted: A always, B mostly, C rarely, X cannot be judged."""
    information_confidence: Annotated[StrictInt, Field(ge=1, le=4)] = 4
    """1 known to be true, 2 known to the source, 3 corroborated hearsay, 4 cannot be judged."""
    handling_code: Literal["routine", "ask_before_use", "no_third_office"] = "routine"
    """Ask the owner before any use, or do not pass it on. Duties of disclosure come first."""
    control_official: Told | None = None
    """The role in the office that answers for the record, such as `Chief, trafficking unit`."""


class OffenceRead(Read):
    """An offence, with what the registry's table says of its statute."""

    statute: str | None
    """Code of the statute, else null."""
    citation: str | None
    """The statute as its state cites it, in the wording of `law_on`; null without a statute."""
    title: str | None
    """What the statute is called, or the NIBRS offence."""
    nibrs: tuple[str, ...]
    """Every NIBRS offence that it is counted as."""
    effective_on: date | None
    """First day of the offence, of a later wording its own; read in a text only if `is_verified`.
    Null without a statute or if the table has none."""
    is_verified: bool
    """Whether the row was read against the text of the law; that is no lawyer's word."""
    verified_on: date | None
    """The day of it; null while nobody has."""
    law_on: date | None
    """The day whose law applies; null without a statute."""
    charged_on: date | None
    """When it was charged; null while it is not."""

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, stored: Any) -> Any:
        offence = OffencePut.model_construct(**stored)
        found = None
        if offence.statute is not None and stored.get("law_on"):
            found = statute_of(offence.statute, date.fromisoformat(stored["law_on"]))
        code = (offence.nibrs,) if offence.nibrs else ()
        return {
            "statute": offence.statute,
            "citation": found.citation if found else None,
            "title": found.title if found else NIBRS.get(offence.nibrs or ""),
            "nibrs": found.nibrs if found else code,
            "effective_on": found.effective_on if found else None,
            "is_verified": bool(found and found.verified_by),
            "verified_on": found.verified_on if found else None,
            "law_on": stored.get("law_on"),
            "charged_on": stored.get("charged_on"),
        }


class PeriodRead(Read):
    """From when to when people were exploited, as far as known."""

    begins_on: date
    """The first day, or the first that is known."""
    ends_on: date | None = None
    """Last day; null while it goes on or is not known."""


class FactsRead(Read):
    """What the matter is, in coded words."""

    offences: tuple[OffenceRead, ...] = ()
    """Considered or charged."""
    industries: tuple[str, ...] = ()
    """Lines of work or kinds of venue."""
    origin: str | None = None
    """What brought the matter to the office; null if not given."""
    co_offences: tuple[str, ...] = ()
    """Other offences found with it: NIBRS codes and words of ours."""
    period: PeriodRead | None = None
    """From when to when people were exploited; null if not given."""


class StageRead(Read):
    """A step of the matter and its day."""

    stage: str
    """Which step of the matter it is."""
    on: date
    """The day it was reached."""
    is_struck: bool = False
    """Whether it strikes the same stage of the same day."""


class LabelsRead(Read):
    """How its office wants the record handled."""

    sensitivity: str = "routine"
    """How much harm it would do in wrong hands."""
    source_confidence: str = "X"
    """How far the source is trusted: A, B, C, or X for cannot be judged."""
    information_confidence: int = 4
    """1 known to be true to 4 cannot be judged."""
    handling_code: str = "routine"
    """`ask_before_use`: ask the owner first. `no_third_office`: do not pass it on."""
    control_official: str | None = None
    """The role in the owning office that answers for the record; null if not given."""


class AttestationRead(Read):
    """What someone of the office answers for."""

    attests: str
    """The class that it was made for."""
    basis: str
    """What kind of support the office has."""
    attested_by: str
    """Who, by role or number."""
    attested_on: date
    """The day on which it was attested."""
    support_at: str
    """Where in the office the support is kept."""


class ApartRead(Read):
    """A subject that is named in the case and not matched: no token of it exists here."""

    ref: str
    """The office's own reference inside the case."""
    kind: str
    """`person` or `organization`."""
    standing: Standing
    is_juvenile: bool
    """Under age when it happened."""
