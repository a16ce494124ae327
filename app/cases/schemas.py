from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    StrictInt,
    StringConstraints,
    field_validator,
    model_validator,
)

from app.cases.days import Day
from app.cases.fact_schemas import (
    ApartRead,
    AttestationPut,
    AttestationRead,
    DeclinedReason,
    FactsPut,
    FactsRead,
    LabelsPut,
    LabelsRead,
    StagePut,
    StageRead,
)
from app.cases.guard import check_reference
from app.cases.overlap_schemas import CaseRef
from app.cases.vocabulary import (
    Disclosure,
    Provenance,
    RecordClass,
    Standing,
    TraffickingType,
)
from app.core.plain_text import Plain
from app.core.schemas import Epoch, PageRead, Read, Sent, Version
from app.identifiers.kinds import IDENTIFIER_KINDS, KINDS, MATCH_SPEC, SubjectKind
from app.reference.counties import state_of

MAX_CASES: int = 200
"""Cases that one bulk request takes."""


def _county(fips: str) -> str:
    if state_of(fips) is None:
        raise ValueError("Use the five digits of a county of the United States.")
    return fips


SourceSystem = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$"),
    Field(
        description="The case-management system, as the office chooses to call it.",
        examples=["cms"],
    ),
]
ExternalId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$"),
    AfterValidator(check_reference),
    Field(
        description="The case number in that system; refused if it looks like an identifier.",
        examples=["24-CR-001"],
    ),
]
Summary = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2000),
    Plain,
    Field(description="A short text without names or identifiers."),
]
SubjectRef = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,32}$"),
    AfterValidator(check_reference),
    Field(description="The office's own reference inside the case; not a name.", examples=["1"]),
]
Element = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$"),
    Field(
        description="The unblinded OPRF output: 32 bytes in base64url without padding.",
        examples=["AiYXAnK1rb8gMyBEKFMVVZ5DGfkjTvQMVFLlDQ_WSDA"],
    ),
]
County = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{5}$"),
    AfterValidator(_county),
    Field(
        description="Five digits, state and county, as the Census Bureau numbers them.",
        examples=["06019"],
    ),
]
PERSON_KINDS = frozenset(name for name, kind in KINDS.items() if kind.key_class == "person")
IdentifierKind = Annotated[
    Literal[IDENTIFIER_KINDS],  # type: ignore[valid-type]  # mypy cannot read the table
    Field(description="Which kind of identifier the token is of, such as `tel` or `plate`."),
]
MatchSpec = Annotated[
    Literal["joinder/v1"], Field(description="The rules that the tokens were made by.")
]
assert MATCH_SPEC == "joinder/v1"  # noqa: S101 -- the Literal above must name the same


_ATTESTED: Final = frozenset({"pre_charge", "declined"})
"""Classes of people who are not charged, so that the suspicion has to be attested."""


def check_class(of: str, attestation: AttestationPut | None, reason: str | None) -> None:
    """Raise ValueError for an attestation or reason that a class lacks or does not go with."""
    if (attestation.attests if attestation else None) != (of if of in _ATTESTED else None):
        raise ValueError("Attest what is pre_charge or declined, by an attestation of its own.")
    if (of == "declined") != (reason is not None):
        raise ValueError("Give a reason with declined, and only then.")


class NamePut(Sent):
    """One name of a subject: a token for each person key, and how common the name is."""

    rarity: Annotated[StrictInt, Field(ge=0, le=3)]
    """How rare the whole name is, 0 common to 3 rare, by the table of the match specification."""
    provenance: Provenance
    tokens: Annotated[dict[str, Element], Field(min_length=1, max_length=len(PERSON_KINDS))]
    """By kind of person key, such as `p.xx`; only the keys that the name makes."""

    @field_validator("tokens", mode="before")  # before: a pointer must not quote an unknown kind
    @classmethod
    def _kinds(cls, tokens: Any) -> Any:
        if not isinstance(tokens, dict):
            return tokens  # refused by its type
        if not tokens.keys() <= PERSON_KINDS:
            raise ValueError("Use the kinds of person key that the match specification names.")
        return dict(sorted(tokens.items()))  # their order in the JSON means nothing


class IdentifierPut(Sent):
    """One identifier other than a name, such as a phone number."""

    kind: IdentifierKind
    provenance: Provenance
    token: Element


class SubjectPut(Sent):
    """A subject whose involvement the office attests; victims and witnesses are never posted."""

    ref: SubjectRef
    kind: SubjectKind = "person"
    """An organization has identifiers only; its name is the identifier `org`."""
    standing: Standing = "suspected"
    is_juvenile: bool = False
    """Under age when it happened. A juvenile is never matched, so it is sent without tokens."""
    is_charged: bool = False
    """A defendant: with record class `charged` and a listed offence, it is in the feed."""
    names: Annotated[tuple[NamePut, ...], Field(max_length=8)] = ()
    """Of a person: every alias that the match specification derives, the given ones first."""
    identifiers: Annotated[tuple[IdentifierPut, ...], Field(max_length=50)] = ()
    """Phones, addresses, documents, accounts and so on, each with its own provenance."""

    @property
    def is_matched(self) -> bool:
        """Whether it may overlap with others: it is a suspected adult or organization."""
        return self.standing == "suspected" and not self.is_juvenile

    @model_validator(mode="after")
    def _kinds(self) -> Self:
        if not self.is_matched and (self.names or self.identifiers):
            raise ValueError("Send no tokens of a juvenile or of who is not suspected.")
        if self.names and self.kind != "person":
            raise ValueError("An organization has no names; give its name as the identifier org.")
        if any(self.kind not in KINDS[each.kind].subjects for each in self.identifiers):
            raise ValueError("Give organization identifiers to organizations, others to persons.")
        return self


class CasePut(Sent):
    """A case summary with blinded identifiers; nothing here names anybody."""

    match_spec: MatchSpec
    epoch: Epoch
    record_class: RecordClass
    trafficking_type: TraffickingType
    disclosure: Disclosure = "open"
    county_fips: County | None = None
    """Where it happened; shown to another office with the summary only."""
    opened_on: Day | None = None
    """When the office opened the case; shown to another office with the summary only."""
    review_on: Day | None = None
    """At most five years out, one if declined, or what the state asks for; by default three."""
    summary: Summary | None = None
    """Refused when it seems to hold an identifier; positions are told, never values."""
    attestation: AttestationPut | None = None
    """Needed by `pre_charge` and `declined`, each its own; never shown to another office."""
    declined_reason: DeclinedReason | None = None
    """With `declined`, and only then."""
    facts: FactsPut = FactsPut()
    """Offences, industries, origin and period; other offices see them with the summary."""
    stages: Annotated[tuple[StagePut, ...], Field(max_length=50)] = ()
    """Steps so far; shown to the other party of an active agreement only."""
    labels: LabelsPut = LabelsPut()
    """How the record is to be handled."""
    subjects: Annotated[tuple[SubjectPut, ...], Field(min_length=1, max_length=50)]
    """Whom or what the case is about; they replace those of an earlier post."""

    @model_validator(mode="after")
    def _refs(self) -> Self:
        if len({subject.ref for subject in self.subjects}) != len(self.subjects):
            raise ValueError("Give each subject of the case its own ref.")
        return self

    @model_validator(mode="after")
    def _class(self) -> Self:
        check_class(self.record_class, self.attestation, self.declined_reason)
        return self


class CaseItem(Sent):
    """One case of a bulk request; `case` is checked on its own and refused on its own."""

    source_system: SourceSystem
    external_id: ExternalId
    case: dict[str, Any]
    """A CasePut, checked and refused on its own."""


class CasesPut(Sent):
    """Many cases of one office, put in one transaction."""

    cases: Annotated[tuple[CaseItem, ...], Field(min_length=1, max_length=MAX_CASES)]
    """Each named once; a bad one is refused by itself, the others are kept."""


class CaseRead(CaseRef):
    """One of the office's own cases."""

    version: Version
    record_class: RecordClass
    trafficking_type: TraffickingType
    disclosure: Disclosure
    county_fips: str | None
    """Five digits, state and county; null if the office gave none."""
    opened_on: date | None
    """When the office opened the case; null if not given."""
    review_on: date
    """When it has to be reviewed, at most five years from the last post."""
    summary: str | None
    """As posted; null if not given."""
    attestation: AttestationRead | None
    """What the office attested of a case without a charge, else null."""
    declined_reason: str | None
    """Why the office declined, else null."""
    facts: FactsRead
    """Coded facts as posted, the statutes of offences told in full."""
    stages: tuple[StageRead, ...]
    """Every step that was ever posted, by day; struck ones stay."""
    labels: LabelsRead
    """How the record is to be handled."""
    apart: tuple[ApartRead, ...]
    """Who is named in it and not matched: juveniles, and those who are not suspected."""
    provenances: tuple[Provenance, ...]
    """Where its names and identifiers are from; empty for a post of before this was kept."""
    held_at: datetime | None
    """Since when it is under legal hold: kept as it is and matched with nothing; else null."""
    posted_at: datetime
    """When it was first posted, UTC."""
    changed_at: datetime
    """When a post last changed it, UTC."""

    @property
    def etag(self) -> str:
        """The strong validator of this representation."""
        return f'"{self.version}"'


class CasePage(PageRead[CaseRead]):
    """The office's own cases, newest first."""


class HolderRead(CaseRef):
    """One of the office's own subjects that holds a value."""

    ref: str
    """The office's own reference of the subject inside the case."""


class CommonValueRead(Read):
    """A value in the office's cases that is kept and not matched."""

    kind: str
    """Kind of its key, such as `tel`; the value itself is not known here."""
    reason: Literal["many_offices", "many_subjects", "office_share"]
    """`office_share`: more of the office's own subjects hold it than are matched."""
    subjects: tuple[HolderRead, ...]
    """The first 50 of the office's own."""


class CommonValuePage(PageRead[CommonValueRead]):
    """Values in the office's cases that are too common to match."""
