from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from app.access.vocabulary import Role
from app.core.plain_text import Plain
from app.core.schemas import Read, Sent
from app.people.passwords import MAX_PASSWORD

PersonId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names a person of the office; opaque.",
        examples=["psn_0198a1b2c3d47e5f8a9b0c1d2e3f4a5b"],
    ),
]
PasskeyId = Annotated[
    str,
    Field(
        max_length=1400,
        description="The id that the authenticator gave the passkey, base64url.",
        examples=["Y3JlZGVudGlhbA"],
    ),
]
Password = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_PASSWORD),
    Field(description="In clear, over TLS; a new one has 8 characters at least, better 15."),
]
Short = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), Plain]
TotpCode = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{6}$"),
    Field(description="Six digits that the authenticator app shows; good once."),
]
NextStep = Literal["acknowledge_banner", "give_second_factor", "register_second_factor", "none"]


class BannerRead(Read):
    """The system-use notice to show."""

    text: str
    """To be shown as it is before each sign-in is complete."""
    sha256: str
    """Of the text in UTF-8, hexadecimal; names what was shown."""


class BannerAcknowledge(Sent):
    """That the notice was shown and acknowledged."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """That of the notice that was shown."""


class SignInRead(Read):
    """Who is signed in, and what is still to do before anything else works."""

    person_id: PersonId
    office: str
    """Code of the person's office."""
    account: str
    """What the person signs in as."""
    name: str
    """What the person is called; for display."""
    roles: list[Role]
    """What the person is in the office."""
    next_step: NextStep
    """What has to be done before anything else works."""
    proved_at: datetime | None
    """When a second factor was last given, UTC; null: not in this sign-in."""
    ends_at: datetime
    """When it ends at the latest, UTC."""
    idle_seconds: int
    """After how long without a request it ends."""
    csrf_token: str
    """To be sent as X-CSRF-Token with every change."""


class PasswordSignIn(Sent):
    """A local account and its password."""

    office: Short
    """Code of the person's office."""
    account: Short
    """As the administrator named it; capitals do not matter."""
    password: Password


class EnrolmentUse(Sent):
    """The code from the administrator and the password that the person chooses."""

    code: Short
    """Good once, for 72 hours; hyphens, spaces and capitals do not matter."""
    password: Password


class PasswordChange(Sent):
    """A new password."""

    password: Password


class PasskeyOptions(Read):
    """What the browser's `navigator.credentials` is to be given (WebAuthn Level 3)."""

    public_key: dict[str, Any]
    """Its `publicKey` in the JSON form of WebAuthn; bytes are base64url."""


class PasskeyAnswer(Sent):
    """What `navigator.credentials.get` gave, as `toJSON` writes it."""

    credential: dict[str, Any]
    """The whole of it, unchanged."""


class PasskeyAdd(Sent):
    """What `navigator.credentials.create` gave, and a name for the device."""

    label: Name
    """What the person calls the device."""
    credential: dict[str, Any]
    """The whole of it, as `toJSON` writes it."""


class FactorGive(Sent):
    """One second factor: a code of the app, a passkey, or a recovery code."""

    totp: TotpCode | None = None
    """Code of the authenticator app; without the other two only."""
    recovery_code: Short | None = None
    """One of those shown with the last new factor; each is good once."""
    passkey: dict[str, Any] | None = None
    """What `navigator.credentials.get` gave, as `toJSON` writes it."""

    @model_validator(mode="after")
    def _one(self) -> "FactorGive":
        if sum(given is not None for given in (self.totp, self.recovery_code, self.passkey)) != 1:
            raise ValueError("Give one of totp, recovery_code and passkey.")
        return self


class TotpOffer(Read):
    """A new secret for an authenticator app; it counts once a code of it comes back."""

    secret: str
    """Base32, to type where no QR code can be read."""
    address: str
    """otpauth address, to show as a QR code."""
    offer: str
    """To send back with a code within ten minutes."""


class TotpRegister(Sent):
    """The offer, and a code that shows that the app has the secret."""

    offer: Short
    """As it was given with the secret."""
    code: TotpCode


class PasskeyRead(Read):
    """A passkey of the caller."""

    id: PasskeyId
    label: str
    """What the person called the device."""
    added_at: datetime
    """When it was registered, UTC."""


class FactorsRead(Read):
    """What the caller can sign in with."""

    has_password: bool
    """Whether a password is set; without one a passkey or the provider is left."""
    has_totp: bool
    """Whether an authenticator app is registered."""
    passkeys: list[PasskeyRead]
    """Every passkey that can be signed in with."""
    recovery_codes_left: int
    """How many of the ten were not used."""


class FactorRegistered(Read):
    """That a second factor was registered, with new recovery codes, shown only now."""

    recovery_codes: list[str]
    """Ten, in place of older ones; each stands for a second factor once."""
    sign_in: SignInRead
    """As it is now: with a new csrf_token."""


class ProviderSignIn(Sent):
    """The office whose identity provider is to be asked; with a code also who it is for."""

    office: Short
    """Code of the person's office."""
    enrolment_code: Short | None = None
    """The administrator's one-time code, to link a person that is not linked yet."""
    anew: bool = False
    """Whether the provider must ask for its factors again: a step-up."""


class ProviderAddress(Read):
    """Where the browser is to go now."""

    address: str
    """The provider's, https, with all that it needs; for this browser and ten minutes."""


class ProviderAnswer(Sent):
    """What the provider gave the browser to take back."""

    state: Annotated[str, StringConstraints(max_length=200)]
    """Parameter of that name in the address that the browser came back to."""
    code: Annotated[str, StringConstraints(min_length=1, max_length=4000)]
    """Another of its parameters: the authorization code."""
    iss: Annotated[str, StringConstraints(max_length=500)] | None = None
    """Another, from a provider that says who it is (RFC 9207)."""


class SignedOut(Read):
    """That sign-ins were ended, and how many."""

    ended: int
    """How many; 0 if there was none."""
