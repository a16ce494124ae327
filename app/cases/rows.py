"""What the queries of cases return."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StoredCase:
    """A case row that this transaction holds."""

    id: int
    version: int
    is_new: bool = False
    is_held: bool = False
    """Whether a legal hold keeps it as it is; known of a case that a post did not change."""
