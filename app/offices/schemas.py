from datetime import date, timedelta
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.core.plain_text import Plain
from app.core.schemas import PageRead, Read, Sent

OfficeKind = Literal["local", "attorney_general", "tribal", "regional"]
OfficeCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{2,31}$")]
ORI_LENGTH: Final = 9
RENEWED_WITHIN: Final = timedelta(days=2 * 366)
"""A commitment that outlives those who made it says nothing."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), Plain]


class OfficeAdd(Sent):
    """What makes an office: its ORI (nine characters) or local code, and whom to call."""

    code: OfficeCode
    name: Text
    kind: OfficeKind
    state: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    contact_title: Text
    contact_phone: Text
    contact_email: Text

    @property
    def is_odd_ori(self) -> bool:
        """Whether the code is as long as an ORI and does not end as those of prosecutors do."""
        return len(self.code) == ORI_LENGTH and not self.code.endswith("A")


class MailDomainSet(Sent):
    """In which domain an office's people may have mail."""

    domain: Annotated[
        str,
        StringConstraints(
            pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", max_length=253, to_lower=True
        ),
    ]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a directory of zones, or too long
        raise ValueError("Give a zone by its name, such as America/Denver.") from None
    return name


class TimeZoneSet(Sent):
    """In which zone an office reads times, and what it owes falls due."""

    time_zone: Annotated[
        str, StringConstraints(pattern=r"^[A-Z][a-z]+/[A-Za-z/_-]+$"), AfterValidator(_known_zone)
    ]


class OfficeContactSet(Sent):
    """Another post of an office to reach."""

    role: Literal["backup", "security"]
    title: Text
    phone: Text
    email: Text


ContactRole = Literal["coordinator", "backup", "security"]


class OwnContactSet(Sent):
    """Whom to reach at one's own office: first, next, or about security; a post."""

    role: ContactRole
    title: Text
    phone: Text
    email: Text


class CommitmentSign(Sent):
    """The word of an office's leadership to handle trafficking matters jointly."""

    trafficking_type: Literal["sex", "labor", "both"]
    signatory: Text
    signed_on: date
    lapses_on: date

    @model_validator(mode="after")
    def _in_order(self) -> "CommitmentSign":
        if not self.signed_on < self.lapses_on <= self.signed_on + RENEWED_WITHIN:
            raise ValueError("A commitment lapses after it is signed, and within two years.")
        return self


class AgreementSign(Sent):
    """A signed participation agreement: which text, who signed, from when to when."""

    version: Text
    """What the text is called, such as `2026-1`; the registry does not keep the text."""
    signatory: Text
    """The post of who signs."""
    signed_on: date
    """Date of the signature, where the office is."""
    effective_on: date
    """The first day in force, not before the signature."""
    ends_on: date | None = None
    """The first day without it; null: it has no end."""

    @model_validator(mode="after")
    def _in_order(self) -> "AgreementSign":
        if self.signed_on > self.effective_on:
            raise ValueError("An agreement cannot take effect before it is signed.")
        if self.ends_on is not None and self.ends_on <= self.effective_on:
            raise ValueError("An agreement must end after it takes effect.")
        return self


class ContactRead(Read):
    """Whom to call: a post of an office, not a private person."""

    title: str
    """What the post is called."""
    phone: str
    """As the office gave it."""
    email: str
    """That of the post, not a person's own."""


class OfficeContactRead(ContactRead):
    """One of an office's contacts."""

    role: ContactRole
    """Whom to try first, whom next, and whom to tell of an incident."""


class StateSet(Sent):
    """What a state decides for its offices; what is None stays as it is."""

    state: str = Field(pattern=r"^[A-Z]{2}$")
    has_state_pointers: bool | None = None
    review_years: int | None = Field(default=None, ge=1, le=5)
    has_deemed_consent: bool | None = None
    """Whether silence is taken as consent where its law says so; no at first."""
    mediator: OfficeCode | None = None
    """Code of its Attorney General's office, which then mediates what its offices leave open."""


class LawConfirmed(Sent):
    """That counsel of a state confirmed the rules that are loaded for its Attorney General."""

    state: str = Field(pattern=r"^[A-Z]{2}$")
    counsel: str = Field(min_length=1, max_length=200)
    """The post of who did."""
    confirmed_on: date


class CommitmentRead(Read):
    """What an office's leadership committed itself to, and whether that still stands."""

    trafficking_type: Literal["sex", "labor", "both"]
    """The matters that it promises to handle jointly."""
    signatory: str
    """The post of who signed."""
    signed_on: date
    """Date of the signature."""
    lapses_on: date
    """First day without it, at most two years after the signature."""
    has_lapsed: bool
    """Whether it was not renewed in time."""


class OfficeRef(Read):
    """An office by code and name."""

    code: str
    """ORI of nine characters, or a local code."""
    name: str
    """As the office calls itself."""


class OfficeRead(OfficeRef):
    """An office that takes part: whom to reach, and what its leadership stands for."""

    kind: OfficeKind
    """Whose prosecutors they are."""
    state: str
    """The office's state, two letters."""
    contacts: tuple[OfficeContactRead, ...]
    """The coordinator first."""
    commitments: tuple[CommitmentRead, ...]
    """The latest of each kind."""


Named = Annotated[
    str, Field(max_length=64, description="A part of its name or code.", examples=["dogwood"])
]
OfState = Annotated[
    str,
    Field(pattern=r"^([A-Z]{2})?$", description="Two letters; empty: any.", examples=["CA"]),
]


class OfficeFilter(Read):
    """Which of the offices that take part are asked for; what is empty says nothing."""

    named: str = ""
    """A part of the name or the code, in letters of any size."""
    state: str = ""
    """Two letters."""


class OfficePage(PageRead[OfficeRead]):
    """Offices that take part, by name."""
