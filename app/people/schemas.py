from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.access.vocabulary import PersonsRole, Role
from app.core.plain_text import Plain
from app.people.passwords import MAX_PASSWORD

Password = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PASSWORD)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=200)]
AccountName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._@+-]{1,99}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), Plain]
TotpCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Roles = Annotated[tuple[PersonsRole, ...], Field(min_length=1, max_length=len(Role))]
NextStep = Literal["acknowledge_banner", "give_second_factor", "register_second_factor", "none"]
Factor = Literal["password", "totp", "passkey", "provider", "recovery_codes"]
_SENT = ConfigDict(extra="forbid", frozen=True)


class BannerRead(BaseModel):
    """The system-use notice to show."""

    text: str
    sha256: str = Field(description="Of the text in UTF-8, hexadecimal; names what was shown.")


class BannerAcknowledge(BaseModel):
    """That the notice was shown and acknowledged."""

    model_config = _SENT

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class SignInRead(BaseModel):
    """Who is signed in, and what is still to do before anything else works."""

    person_id: str
    office: str
    account: str
    name: str
    roles: list[Role]
    next_step: NextStep
    proved_at: datetime | None = Field(description="When a second factor was last given.")
    ends_at: datetime = Field(description="When it ends at the latest.")
    idle_seconds: int = Field(description="After how long without a request it ends.")
    csrf_token: str = Field(description="To be sent as X-CSRF-Token with every change.")


class PasswordSignIn(BaseModel):
    """A local account and its password."""

    model_config = _SENT

    office: Short
    account: Short
    password: Password


class EnrolmentUse(BaseModel):
    """The code from the administrator and the password that the person chooses."""

    model_config = _SENT

    code: Short
    password: Password


class PasswordChange(BaseModel):
    """A new password."""

    model_config = _SENT

    password: Password


class PasskeyOptions(BaseModel):
    """What the browser's `navigator.credentials` is to be given (WebAuthn Level 3)."""

    public_key: dict[str, Any]


class PasskeyAnswer(BaseModel):
    """What `navigator.credentials.get` gave, as `toJSON` writes it."""

    model_config = _SENT

    credential: dict[str, Any]


class PasskeyAdd(BaseModel):
    """What `navigator.credentials.create` gave, and a name for the device."""

    model_config = _SENT

    label: Name
    credential: dict[str, Any]


class FactorGive(BaseModel):
    """One second factor: a code of the app, a passkey, or a recovery code."""

    model_config = _SENT

    totp: TotpCode | None = None
    recovery_code: Short | None = None
    passkey: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one(self) -> "FactorGive":
        if sum(given is not None for given in (self.totp, self.recovery_code, self.passkey)) != 1:
            raise ValueError("Give one of totp, recovery_code and passkey.")
        return self


class TotpOffer(BaseModel):
    """A new secret for an authenticator app; it counts once a code of it comes back."""

    secret: str = Field(description="Base32, to type.")
    address: str = Field(description="otpauth address, to show as a QR code.")
    offer: str = Field(description="To send back with a code within ten minutes.")


class TotpRegister(BaseModel):
    """The offer, and a code that shows that the app has the secret."""

    model_config = _SENT

    offer: Short
    code: TotpCode


class PasskeyRead(BaseModel):
    """A passkey of the caller."""

    id: str
    label: str
    added_at: datetime


class FactorsRead(BaseModel):
    """What the caller can sign in with."""

    has_password: bool
    has_totp: bool
    passkeys: list[PasskeyRead]
    recovery_codes_left: int


class FactorRegistered(BaseModel):
    """That a second factor was registered, with new recovery codes, shown only now."""

    recovery_codes: list[str]
    sign_in: SignInRead


class ProviderSignIn(BaseModel):
    """The office whose identity provider is to be asked; with a code also who it is for."""

    model_config = _SENT

    office: Short
    enrolment_code: Short | None = None
    anew: bool = Field(
        default=False, description="Whether the provider must ask for its factors again: a step-up."
    )


class ProviderAddress(BaseModel):
    """Where the browser is to go now."""

    address: str


class ProviderAnswer(BaseModel):
    """What the provider gave the browser to take back."""

    model_config = _SENT

    state: Annotated[str, StringConstraints(max_length=200)]
    code: Annotated[str, StringConstraints(min_length=1, max_length=4000)]
    iss: Annotated[str, StringConstraints(max_length=500)] | None = None


class SignedOut(BaseModel):
    """That sign-ins were ended, and how many."""

    ended: int


class PersonAdd(BaseModel):
    """A person to add; `subject` is who it is at the office's identity provider, if known."""

    model_config = _SENT

    account: AccountName
    name: Name
    roles: Roles
    subject: Short | None = None


class RolesSet(BaseModel):
    """All roles that a person is to have."""

    model_config = _SENT

    roles: Roles


class PersonDisable(BaseModel):
    """Whether a person is shut out; if so, every sign-in ends at once."""

    model_config = _SENT

    is_disabled: bool


class EnrolmentStart(BaseModel):
    """Whether what the person can sign in with is taken away before the new code is given."""

    model_config = _SENT

    forget_factors: bool


class EnrolmentRead(BaseModel):
    """The one-time code to hand to the person in person; shown only now."""

    person_id: str
    code: str
    expires_at: datetime


class PersonRead(BaseModel):
    """One person in the access review."""

    person_id: str
    account: str
    name: str
    roles: list[Role]
    permissions: list[str]
    factors: list[Factor]
    created_at: datetime
    last_signed_in_at: datetime | None
    disabled_at: datetime | None
    disabled_for: Literal["administrator", "idle"] | None
