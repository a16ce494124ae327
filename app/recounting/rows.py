from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID


class Progress(NamedTuple):
    """A recount that is under way."""

    id: int
    is_full: bool
    since: int
    until: int
    next_slice: int
    next_overlap: UUID | None


class Standing(NamedTuple):
    """What is stored of a pair of cases."""

    band: str
    evidence: Sequence[str]
    findings: Sequence[dict[str, Any]]
