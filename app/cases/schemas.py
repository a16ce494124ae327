import re
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    field_validator,
    model_validator,
)

from app.cases.guard import check_reference
from app.cases.overlap_schemas import OverlapRead
from app.cases.vocabulary import (
    Disclosure,
    NotAMatchReason,
    Provenance,
    RecordClass,
    TraffickingType,
    Verdict,
)
from app.core.plain_text import Plain
from app.identifiers.kinds import IDENTIFIER_KINDS, KINDS, MATCH_SPEC, SubjectKind

MAX_CASES: int = 200
"""Cases that one bulk request takes."""

MAX_OVERLAPS_IN_ANSWER: int = 50


_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _text(value: object) -> object:
    """Refuse what pydantic would take for a date though it is none, such as seconds or a time."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("Give the date as text, YYYY-MM-DD.")
    return value


SourceSystem = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
ExternalId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$"),
    AfterValidator(check_reference),
]
Element = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$"),
    Field(
        description="The unblinded OPRF output: 32 bytes in base64url without padding.",
        examples=["AiYXAnK1rb8gMyBEKFMVVZ5DGfkjTvQMVFLlDQ_WSDA"],
    ),
]
Day = Annotated[date, BeforeValidator(_text), Field(examples=["2026-01-31"])]
PERSON_KINDS = frozenset(name for name, kind in KINDS.items() if kind.key_class == "person")
IdentifierKind = Literal[IDENTIFIER_KINDS]  # type: ignore[valid-type]  # mypy cannot read the table


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NamePut(_Sent):
    """One name of a subject: a token for each person key, and how common the name is."""

    rarity: Annotated[StrictInt, Field(ge=0, le=3, description="0 common to 3 rare.")]
    provenance: Provenance
    tokens: Annotated[dict[str, Element], Field(min_length=1, max_length=len(PERSON_KINDS))]

    @field_validator("tokens", mode="before")  # before: a pointer must not quote an unknown kind
    @classmethod
    def _kinds(cls, tokens: Any) -> Any:
        if not isinstance(tokens, dict):
            return tokens  # refused by its type
        if not tokens.keys() <= PERSON_KINDS:
            raise ValueError("Use the kinds of person key that the match specification names.")
        return dict(sorted(tokens.items()))  # their order in the JSON means nothing


class IdentifierPut(_Sent):
    """One identifier other than a name, such as a phone number."""

    kind: IdentifierKind
    provenance: Provenance
    token: Element


class SubjectPut(_Sent):
    """A subject whose involvement the office attests; victims and witnesses are never posted."""

    ref: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,32}$"), AfterValidator(check_reference)
    ] = Field(description="The office's own reference inside the case; not a name.", examples=["1"])
    kind: SubjectKind = "person"
    names: Annotated[tuple[NamePut, ...], Field(max_length=8)] = ()
    identifiers: Annotated[tuple[IdentifierPut, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _kinds(self) -> Self:
        if self.names and self.kind != "person":
            raise ValueError("An organization has no names; give its name as the identifier org.")
        if any(self.kind not in KINDS[each.kind].subjects for each in self.identifiers):
            raise ValueError("Give organization identifiers to organizations, others to persons.")
        return self


class CasePut(_Sent):
    """A case summary with blinded identifiers; nothing here names anybody."""

    match_spec: Literal["joinder/v1"] = Field(description="The match specification of the tokens.")
    epoch: StrictInt = Field(ge=1, le=32767, description="The key epoch of the tokens.")
    record_class: RecordClass = Field(description="Sealed matters must not be posted.")
    trafficking_type: TraffickingType
    disclosure: Disclosure = Field(
        default="open",
        description="What the other side of an overlap learns: office and contact (open), "
        "that there is one (contact_first), or nothing (silent).",
    )
    county_fips: Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")] | None = None
    opened_on: Day | None = None
    review_on: Day | None = Field(
        default=None, description="At most five years out; by default three, one if declined."
    )
    summary: Annotated[str, StringConstraints(min_length=1, max_length=2000), Plain] | None = Field(
        default=None, description="Short, without names or identifiers; refused when it holds one."
    )
    subjects: Annotated[tuple[SubjectPut, ...], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _refs(self) -> Self:
        if len({subject.ref for subject in self.subjects}) != len(self.subjects):
            raise ValueError("Give each subject of the case its own ref.")
        return self


assert MATCH_SPEC == "joinder/v1"  # noqa: S101 -- the Literal above must name the same


class CaseItem(_Sent):
    """One case of a bulk request; `case` is checked on its own and refused on its own."""

    source_system: SourceSystem
    external_id: ExternalId
    case: dict[str, Any] = Field(description="A CasePut.")


class CasesPut(_Sent):
    """Many cases of one office, put in one transaction."""

    cases: Annotated[tuple[CaseItem, ...], Field(min_length=1, max_length=MAX_CASES)]


class VerdictPut(_Sent):
    """What an office says of an overlap."""

    verdict: Verdict
    reason: NotAMatchReason | None = Field(
        default=None, description="With `not_a_match`, and only then."
    )

    @model_validator(mode="after")
    def _reason(self) -> Self:
        if (self.verdict == "not_a_match") != (self.reason is not None):
            raise ValueError("Give a reason with not_a_match, and only then.")
        return self


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True)


class SubjectReceipt(_Read):
    """What became of a posted subject."""

    ref: str
    tokens: int
    common: tuple[str, ...] = Field(
        default=(), description="Kinds that too many offices or cases share, kept and not matched."
    )


class CaseReceipt(_Read):
    """The answer to a post: what was kept and which overlaps the office may know of."""

    source_system: str
    external_id: str
    version: int
    result: Literal["created", "updated", "unchanged"]
    subjects: tuple[SubjectReceipt, ...]
    overlaps: tuple[OverlapRead, ...] = ()
    more_overlaps: bool = False


class ProblemRead(_Read):
    """Why one case of a bulk request was refused (RFC 9457)."""

    code: str
    title: str
    detail: str
    errors: tuple[dict[str, str], ...] = ()


class CaseResult(_Read):
    """What became of one case of a bulk request."""

    source_system: str
    external_id: str
    result: Literal["created", "updated", "unchanged", "refused"]
    version: int | None = None
    subjects: tuple[SubjectReceipt, ...] = ()
    overlaps: tuple[OverlapRead, ...] = ()
    more_overlaps: bool = False
    problem: ProblemRead | None = None


class CasesResult(_Read):
    """Results in the order of the request."""

    results: tuple[CaseResult, ...]


class CaseRead(_Read):
    """One of the office's own cases."""

    source_system: str
    external_id: str
    version: int
    record_class: RecordClass
    trafficking_type: TraffickingType
    disclosure: Disclosure
    county_fips: str | None
    opened_on: date | None
    review_on: date
    summary: str | None
    posted_at: datetime
    changed_at: datetime

    @property
    def etag(self) -> str:
        """The strong validator of this representation."""
        return f'"{self.version}"'


class CasePage(_Read):
    """The office's own cases, newest first."""

    items: tuple[CaseRead, ...]
    next_cursor: str | None = None


class HolderRead(_Read):
    """One of the office's own subjects that holds a value."""

    source_system: str
    external_id: str
    ref: str


class CommonValueRead(_Read):
    """A value in the office's cases that is kept and not matched."""

    kind: str
    reason: Literal["many_offices", "many_subjects", "office_share"] = Field(
        description="`office_share`: more of the office's own subjects hold it than are matched."
    )
    subjects: tuple[HolderRead, ...] = Field(description="The first 50 of the office's own.")


class CommonValuePage(_Read):
    """Values in the office's cases that are too common to match."""

    items: tuple[CommonValueRead, ...]
    next_cursor: str | None = None
