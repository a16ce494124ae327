from datetime import date, timedelta
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.core.plain_text import Plain

OfficeKind = Literal["local", "attorney_general", "tribal", "regional"]
OfficeCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{2,31}$")]
RENEWED_WITHIN: Final = timedelta(days=2 * 366)
"""A commitment that outlives those who made it says nothing."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), Plain]


class OfficeAdd(BaseModel):
    """What makes an office: its ORI (nine characters) or local code, and whom to call."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: OfficeCode
    name: Text
    kind: OfficeKind
    state: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    contact_title: Text
    contact_phone: Text
    contact_email: Text


class OfficeContactSet(BaseModel):
    """Another post of an office to reach."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["backup", "security"]
    title: Text
    phone: Text
    email: Text


class CommitmentSign(BaseModel):
    """The word of an office's leadership to handle trafficking matters jointly."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trafficking_type: Literal["sex", "labor", "both"]
    signatory: Text
    signed_on: date
    lapses_on: date

    @model_validator(mode="after")
    def _in_order(self) -> "CommitmentSign":
        if not self.signed_on < self.lapses_on <= self.signed_on + RENEWED_WITHIN:
            raise ValueError("A commitment lapses after it is signed, and within two years.")
        return self


class AgreementSign(BaseModel):
    """A signed participation agreement: which text, who signed, from when to when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Text
    signatory: Text
    signed_on: date
    effective_on: date
    ends_on: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "AgreementSign":
        if self.signed_on > self.effective_on:
            raise ValueError("An agreement cannot take effect before it is signed.")
        if self.ends_on is not None and self.ends_on <= self.effective_on:
            raise ValueError("An agreement must end after it takes effect.")
        return self


class OfficeContactRead(BaseModel):
    """A post of an office, not a private person."""

    model_config = ConfigDict(frozen=True)

    role: Literal["coordinator", "backup", "security"]
    title: str
    phone: str
    email: str


class StateSet(BaseModel):
    """What a state decides for its offices; what is None stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: str = Field(pattern=r"^[A-Z]{2}$")
    has_state_pointers: bool | None = None
    review_years: int | None = Field(default=None, ge=1, le=5)


class CommitmentRead(BaseModel):
    """What an office's leadership committed itself to, and whether that still stands."""

    model_config = ConfigDict(frozen=True)

    trafficking_type: Literal["sex", "labor", "both"]
    signatory: str = Field(description="The post of who signed.")
    signed_on: date
    lapses_on: date
    has_lapsed: bool = Field(description="Whether it was not renewed in time.")


class OfficeRead(BaseModel):
    """An office that takes part: whom to reach, and what its leadership stands for."""

    model_config = ConfigDict(frozen=True)

    code: str
    name: str
    kind: OfficeKind
    state: str
    contacts: tuple[OfficeContactRead, ...]
    commitments: tuple[CommitmentRead, ...] = Field(description="The latest of each kind.")


class OfficePage(BaseModel):
    """Offices that take part, by code."""

    model_config = ConfigDict(frozen=True)

    items: tuple[OfficeRead, ...]
    next_cursor: str | None = None
