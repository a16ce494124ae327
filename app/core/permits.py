from dataclasses import dataclass


@dataclass(frozen=True)
class Permit:
    """What the registry lets one client have evaluated: this batch, and no other."""

    client_id: str
    office_id: int
    epoch: int
    counts: dict[str, int]
    """Elements by key class; they were debited before the permit was given."""
    digest: str
    """`batch_digest` of the request, base64url."""
