"""What the queries of matching return and store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


class Locked(NamedTuple):
    """The registry row of a token as this transaction holds it. A tuple: there are many."""

    subjects: int
    offices: int
    is_fresh: bool


@dataclass(frozen=True)
class HeldBefore:
    """A token that cases hold until they are replaced: its kind and on how many subjects."""

    kind: int
    subjects: int
    is_matched: bool
    """Whether any of them is matched; a token set aside does not count its office as a holder."""


class Profile(NamedTuple):
    """A stored subject as scoring needs it."""

    id: int
    case_id: int
    office_id: int
    ref: str
    kind: str
    rarities: Sequence[int]
    kinds: Sequence[int]
    numbers: int


class Match(NamedTuple):
    """Another office's sighting of a posted token."""

    token: bytes
    alias: int
    subject: Profile
    only_case_id: int | None = None
    """The one posted case that it counts for; None means all."""


@dataclass(frozen=True)
class FoundOverlap:
    """A pair of cases with its evidence; the case with the smaller key is `low`."""

    low_case_id: int
    high_case_id: int
    low_office: int
    high_office: int
    band: str
    strength: int
    findings: list[dict[str, Any]]
