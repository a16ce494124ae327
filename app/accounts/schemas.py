from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


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
    """Who the caller is to the registry."""

    client_id: str
    office: str = Field(description="The office's code.")
    name: str
    scopes: list[str]
    is_participating: bool = Field(description="Whether its participation agreement is in force.")
