"""What the queries of matching return and store."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.overlaps.limits import (
    COUNTED_PER_OFFICE,
    MATCHED_PER_OFFICE,
    CommonReason,
    common_reason,
)
from app.suppressions.rows import Mode


class Holders(NamedTuple):
    """How many hold a token: offices, and subjects at most three of each office."""

    offices: int = 0
    subjects: int = 0

    def reason(self, kind: int) -> CommonReason | None:
        """Return why a value of this kind is common, None while it is not."""
        return common_reason(kind, self.offices, self.subjects)

    def moved(self, before: int, after: int) -> "Holders":
        """Return the holders after one office went from `before` subjects to `after`."""
        return Holders(
            self.offices + (after > 0) - (before > 0),
            self.subjects + min(after, COUNTED_PER_OFFICE) - min(before, COUNTED_PER_OFFICE),
        )


class Locked(NamedTuple):
    """The registry row of a token as this transaction holds it. A tuple: there are many."""

    kind: int
    seen: Holders
    """Holders that others may know of."""
    hidden: Holders
    is_fresh: bool
    is_suppressed: bool = False
    """Whether suppression entries stand; expired ones do until they are ended."""

    @property
    def is_common(self) -> bool:
        """Whether it makes no further overlaps."""
        return self.seen.reason(self.kind) is not None

    @property
    def is_crowded_by_hidden(self) -> bool:
        """Whether it makes no further overlaps with hidden subjects; never told to anyone."""
        return self.hidden.reason(self.kind) is not None

    @property
    def is_held(self) -> bool:
        """Whether any subject is matched by it."""
        return self.seen.offices + self.hidden.offices > 0


@dataclass(frozen=True)
class HeldBefore:
    """A token that cases hold until they are replaced, and how many of their subjects it matches.

    Where the cases' subjects are only set aside, it matches none.
    """

    kind: int
    epoch: int
    seen: int
    hidden: int


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
    is_hidden: bool = False


class Match(NamedTuple):
    """Another office's sighting of a posted token."""

    token: bytes
    alias: int
    subject: Profile
    only_case_id: int | None = None
    """The one posted case that it counts for; None means all."""
    is_common: bool = False
    """Whether it is only named where other evidence makes a hit, and is no evidence itself."""
    mode: Mode | None = None
    """What a suppression entry does to it; blocked, it is only named as a common one is."""


@dataclass(frozen=True)
class Around:
    """What holds the tokens of a post before it."""

    own: Mapping[bytes, tuple[int, int]]
    """Subjects of the posting office that each token matches, seen and hidden."""
    seen: Sequence[Match] = ()
    """Other offices' sightings."""
    hidden: Sequence[Match] = ()
    """Other offices' hidden sightings."""

    @classmethod
    def of(cls, office_id: int, own: Collection[bytes], rows: Iterable[Any]) -> "Around":
        """Return it of rows: token, whether it is a hidden sighting, alias, and a `Profile`."""
        subjects: dict[tuple[bytes, bool], set[int]] = defaultdict(set)
        profiles: dict[int, Profile] = {}
        matches: dict[bool, list[Match]] = {False: [], True: []}
        for row in rows:
            token, is_hidden, alias = row[:3]
            profile = profiles.setdefault(row[3], Profile(*row[3:]))
            if profile.office_id == office_id:
                subjects[token, is_hidden].add(profile.id)
            else:
                matches[is_hidden].append(Match(token, alias, profile))
        counts = {key: min(len(ids), MATCHED_PER_OFFICE) for key, ids in subjects.items()}
        held = {key: (counts.get((key, False), 0), counts.get((key, True), 0)) for key in own}
        return cls(held, matches[False], matches[True])


class StoredSighting(NamedTuple):
    """One token of a stored subject, with how many hold it."""

    token: bytes
    alias: int
    kind: int
    seen: Holders
    is_suppressed: bool
    subject: Profile


def count_columns(counts: Mapping[bytes, Locked]) -> tuple[list[bytes], ...]:
    """Return tokens and their counts as columns."""
    rows = [(key, *row.seen, *row.hidden, row.is_common) for key, row in counts.items()]
    return tuple(map(list, zip(*rows, strict=True))) if rows else ([],) * 6
