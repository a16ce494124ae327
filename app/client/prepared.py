"""A case whose match keys are derived; what is raw in it never leaves the office."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.client.cases import Case
from app.identifiers.match_keys import Alias, MatchKey


@dataclass(frozen=True)
class LeftOut:
    """A value of a subject that made no match key, and why; never the value."""

    ref: str
    field: str
    code: str
    advice: str


@dataclass(frozen=True, repr=False)
class PreparedSubject:
    """A subject as match keys; what is raw in them never leaves the office."""

    ref: str
    kind: str
    provenance: str
    names: tuple[Alias, ...]
    identifiers: tuple[MatchKey, ...]
    is_suspected: bool = True
    is_juvenile: bool = False
    is_charged: bool = False
    """Of who is not suspected or a juvenile there is no match key."""

    @property
    def is_matched(self) -> bool:
        """Whether it may overlap with other offices' subjects."""
        return self.is_suspected and not self.is_juvenile


@dataclass(frozen=True, repr=False)
class Prepared:
    """A case that may be posted, with its match keys."""

    case: Case
    subjects: tuple[PreparedSubject, ...]
    left_out: tuple[LeftOut, ...]
    key_count: int

    def match_keys(self) -> Iterator[MatchKey]:
        """Yield every match key of every subject."""
        for subject in self.subjects:
            for name in subject.names:
                yield from name.keys
            yield from subject.identifiers
