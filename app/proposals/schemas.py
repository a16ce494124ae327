from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from app.core.schemas import Sent
from app.offices.schemas import AgreementSign, OfficeCode, Text


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


class ProviderChange(_Change):
    """That people of an office sign in through this identity provider: it can say who anyone is."""

    action: Literal["set_provider"] = "set_provider"
    issuer: Text
    client_id: Text
    acr_values: Annotated[tuple[Text, ...], Field(max_length=10)]


Change = Annotated[AgreementChange | ImportChange | ProviderChange, Field(discriminator="action")]
"""What takes two operators, or people of the office it is about beside them."""
