from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.people.schemas import PersonRead


class AccessTokenRead(BaseModel):
    """An access token (RFC 6749 section 5.1)."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 -- the name of a scheme
    expires_in: int = Field(description="Seconds until it expires.")
    scope: str


class AccessTokenRequest(BaseModel):
    """A client-credentials request with a signed assertion (RFC 7523 section 2.2)."""

    model_config = ConfigDict(extra="forbid")

    grant_type: Literal["client_credentials"]
    client_assertion_type: Literal["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    client_assertion: str = Field(max_length=4096)
    scope: str | None = Field(default=None, max_length=500)
    resource: str | None = Field(default=None, max_length=500)


class MeRead(BaseModel):
    """Who the caller is to the registry: a machine client or a person."""

    client_id: str | None = Field(description="Null for a person.")
    person_id: str | None = Field(description="Null for a machine client.")
    office: str = Field(description="The office's code.")
    name: str
    scopes: list[str] = Field(description="What it may do.")
    is_participating: bool = Field(description="Whether its participation agreement is in force.")


class ClientKeyAdd(BaseModel):
    """A further key of the calling client."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_assertion: str = Field(
        max_length=4096, description="As for an access token, signed with a present key, used once."
    )
    public_jwk: dict[str, str] = Field(description="The new public key: kty EC, crv P-256, x, y.")


class ClientKeyEnd(BaseModel):
    """That a key of the calling client is to end."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_assertion: str = Field(
        max_length=4096, description="As for an access token, signed with the key that stays."
    )


class ClientKeyRead(BaseModel):
    """A key of the calling client."""

    kid: str = Field(description="The key's thumbprint (RFC 7638).")
    added_at: datetime
    ended_at: datetime | None = Field(description="Since when it does not sign any more.")


class ClientRead(BaseModel):
    """One machine client in the access review."""

    client_id: str
    label: str
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None


class AccessReview(BaseModel):
    """Who and what of the office has which access, for the yearly review."""

    office: str
    made_at: datetime
    people: list[PersonRead]
    clients: list[ClientRead]
