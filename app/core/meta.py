"""What the registry tells of itself, at GET /v1/meta."""

from app.core.schemas import Read


class LimitsRead(Read):
    """The largest requests."""

    body_bytes: int
    """Largest body of most operations, in bytes."""
    bulk_body_bytes: int
    """Largest body of PUT /v1/cases, in bytes."""
    bulk_cases: int
    """How many cases PUT /v1/cases takes at once."""


class MetaRead(Read):
    """What a client can ask of this registry."""

    version: str
    """Release of the service, not of the API, which is in the paths."""
    match_spec: str
    """The rules that tokens are made by."""
    issuer: str
    """The registry's own address: `aud` of client assertions."""
    resources: list[str]
    """What access tokens can be asked for (RFC 8707)."""
    limits: LimitsRead
    """A larger request is refused."""
