from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, IPvAnyNetwork

from app.access.permissions import CLIENT_SCOPES, Permission
from app.core.schemas import Read, Sent
from app.offices.schemas import Text
from app.people.admin_schemas import PersonRead
from app.people.schemas import PersonId

Kid = Annotated[
    str,
    Field(
        max_length=64,
        description="Thumbprint of the public key (RFC 7638).",
        examples=["NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"],
    ),
]

MOST_NETWORKS: Final = 32


class AccessTokenRead(Read):
    """An access token (RFC 6749 section 5.1)."""

    access_token: str
    """To be sent as bearer token with each request; opaque."""
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 -- the name of a scheme
    """How it is sent (RFC 6750)."""
    expires_in: int
    """Seconds until it expires."""
    scope: str
    """What it may do, separated by spaces."""


class AccessTokenRequest(Sent):
    """A client-credentials request with a signed assertion (RFC 7523 section 2.2)."""

    grant_type: Literal["client_credentials"]
    """The one way to a machine client's access token."""
    client_assertion_type: Literal["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    """Says that the assertion is a JWT."""
    client_assertion: str = Field(max_length=4096)
    """ES256 JWT: kid the key's RFC 7638 thumbprint, iss and sub the client id, aud the registry's
    issuer, at most 60 seconds, a new jti."""
    scope: str | None = Field(default=None, max_length=500)
    """Less than the client may do, separated by spaces; without it everything."""
    resource: str | None = Field(default=None, max_length=500)
    """One of `resources` of GET /v1/meta (RFC 8707); without it the registry."""


class MeRead(Read):
    """Who the caller is to the registry: a machine client or a person."""

    client_id: str | None
    """The id that the operator gave a machine client, a UUID; null for a person."""
    person_id: PersonId | None
    """Names the person, as in the access review; null for a machine client."""
    office: str
    """Code of the caller's office: ORI of nine characters, or a local code."""
    name: str
    """As the office calls itself."""
    scopes: list[str]
    """What the caller may do: a client by the access token in use, a person by its roles."""
    is_participating: bool
    """Whether the office's participation agreement is in force."""


class ClientKeyAdd(Sent):
    """A further key of the calling client."""

    client_assertion: str = Field(max_length=4096)
    """As for an access token, signed with a present key, used once."""
    public_jwk: dict[str, str]
    """The new public key: kty EC, crv P-256, x, y."""


class ClientKeyEnd(Sent):
    """That a key of the calling client is to end."""

    client_assertion: str = Field(max_length=4096)
    """As for an access token, signed with the key that stays."""


class ClientKeyRead(Read):
    """A key of the calling client."""

    kid: Kid
    added_at: datetime
    """Since when it signs, UTC."""
    ended_at: datetime | None
    """Since when it does not sign any more; null while it does."""


class ClientRead(Read):
    """One machine client in the access review."""

    client_id: str
    """The id that the operator gave it, a UUID."""
    label: str
    """What runs there, in the operator's words."""
    scopes: list[str]
    """What it may do at most, such as `cases:post`."""
    created_at: datetime
    """When the operator registered it, UTC."""
    expires_on: date
    """First day, UTC, on which it is refused unless the operator renews it."""
    last_used_on: date | None
    """When it last got an access token, UTC; null: never. It ends after 90 days without."""
    revoked_at: datetime | None
    """Since when it is refused, UTC; null while it is not."""


def _of_machines(scopes: list[Permission]) -> list[Permission]:
    if not set(scopes) <= set(CLIENT_SCOPES):
        raise ValueError("Name what a machine client may be granted.")
    return scopes


class MachineRead(ClientRead):
    """One machine client, as an administrator of its office sees it."""

    networks: list[str]
    """Where it may call from, in CIDR notation; empty means anywhere."""
    keys: list[ClientKeyRead]
    """Live and ended, oldest first."""


class MachineAdd(Sent):
    """A machine client to register."""

    label: Text
    """What runs there."""
    scopes: Annotated[list[Permission], AfterValidator(_of_machines)] = Field(
        min_length=1, strict=False
    )
    """What it may do, of what a machine may."""
    networks: list[IPvAnyNetwork] = Field(max_length=MOST_NETWORKS)
    """Where it may call from, in CIDR notation; empty means anywhere."""
    public_jwk: dict[str, str]
    """Its first public key: kty EC, crv P-256, x, y."""


class AccessReview(Read):
    """Who and what of the office has which access, for the yearly review."""

    office: str
    """Code of the reader's office."""
    made_at: datetime
    """The instant that it is true for, UTC."""
    last_reviewed_at: datetime | None
    """When the one before it was made, UTC; null: there is none. Due once a year."""
    people: list[PersonRead]
    """All that were ever added, disabled ones too."""
    clients: list[ClientRead]
    """All that were ever registered, revoked ones too."""
