from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from app.core.schemas import Read, Sent
from app.offices.schemas import AgreementSign, OfficeCode, Text

ProposalId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names a proposal of the office; opaque.",
        examples=["prp_0198a3c0b1c27d3e8f90a1b2c3d4e5fa"],
    ),
]


class _Change(Sent):
    office: OfficeCode


class AgreementChange(_Change):
    """That an office takes part."""

    action: Literal["sign_agreement"] = "sign_agreement"
    agreement: AgreementSign


class ImportChange(_Change):
    """That an office may have more evaluated for a time."""

    action: Literal["open_import"] = "open_import"
    elements: int = Field(ge=1)
    ends_at: AwareDatetime
    key_classes: tuple[str, ...]


class ProviderName(Sent):
    """An identity provider that people of an office would sign in through (OpenID Connect)."""

    issuer: Text
    """Its https address, letter for letter as its discovery document says it."""
    client_id: Text
    """What the provider calls this registry."""
    acr_values: Annotated[tuple[Text, ...], Field(max_length=10)]
    """What stands for two factors there; sign-ins that say anything else are refused."""


class ProviderChange(_Change, ProviderName):
    """That people of an office sign in through this identity provider: it can say who anyone is."""

    action: Literal["set_provider"] = "set_provider"


Change = Annotated[AgreementChange | ImportChange | ProviderChange, Field(discriminator="action")]
"""What takes two operators, or people of the office it is about beside them."""


class _Waiting(Read):
    id: ProposalId
    digest: str
    """SHA-256, in hex, of all that the operator agrees to and names with `joinder proposal`."""
    proposed_by: str
    """Who proposed it, as in the audit."""
    proposed_at: datetime
    """When it was proposed, UTC."""
    expires_at: datetime
    """From when on it has lapsed, UTC."""
    is_ended: bool
    """Nobody can approve it: who proposed it may propose it no longer."""

    def response_headers(self) -> Mapping[str, str]:
        """Return no headers: a proposal is read in the list."""
        return {}


class AgreementRead(Read):
    """A participation agreement as the office signed it."""

    version: str
    """What the text is called."""
    signatory: str
    """The post of who signed."""
    signed_on: date
    """Date of the signature."""
    effective_on: date
    """The first day in force."""
    ends_on: date | None
    """The first day without it; null: it has no end."""


class AgreementProposalRead(_Waiting):
    """An agreement that waits for the operator to countersign it."""

    agreement: AgreementRead
    """What was signed."""


class AgreementProposalList(Read):
    """What the office signed and nobody countersigned yet."""

    items: tuple[AgreementProposalRead, ...]
    """All of it, oldest first."""


class ProviderProposalRead(_Waiting):
    """An identity provider that waits for the operator to approve it."""

    provider: ProviderName
    """What is proposed."""


class ProviderProposalList(Read):
    """What the office's administrators proposed and nobody approved yet."""

    items: tuple[ProviderProposalRead, ...]
    """All of it, oldest first."""
