from dataclasses import dataclass


@dataclass(frozen=True)
class Permit:
    """What the registry lets one client or person have evaluated: this batch, and no other."""

    client_id: str
    """Of the machine client, or of the person."""
    office_id: int
    epoch: int
    counts: dict[str, int]
    """Elements by key class; they were debited before the permit was given."""
    digest: str
    """`batch_digest` of the request, base64url."""
