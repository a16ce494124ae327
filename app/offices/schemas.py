from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

OfficeKind = Literal["local", "attorney_general", "tribal", "regional"]
OfficeCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{2,31}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


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
