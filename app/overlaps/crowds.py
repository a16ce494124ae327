"""What a token does that too many hold: which ones, whom they still match, where they are named."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.identifiers.kinds import KINDS, KINDS_BY_CODE
from app.overlaps.postings import Sighting
from app.overlaps.rows import Locked, Match

Support = Mapping[tuple[int, int], Collection[str]]
"""What each standing overlap rests on, by case and other case."""


@dataclass(frozen=True)
class Crowd:
    """Tokens that are beyond their limit."""

    common: frozenset[bytes]
    """Those that offices may know to be so; they make no further overlap."""
    everyone: frozenset[bytes]
    """These, and those that too many hidden subjects hold, which make none with hidden ones."""

    @classmethod
    def of(cls, held: Mapping[bytes, Locked]) -> "Crowd":
        """Return the crowded ones of registry rows."""
        common = frozenset(token for token, row in held.items() if row.is_common)
        hidden = {token for token, row in held.items() if row.is_crowded_by_hidden}
        return cls(common, common | hidden)

    def matching(
        self, tokens: Iterable[bytes], held: Mapping[bytes, Locked]
    ) -> tuple[set[bytes], set[bytes]]:
        """Return those of `tokens` that match what is held, and those that match what is hidden."""
        known = [(token, held[token]) for token in tokens if not held[token].is_fresh]
        seen = {token for token, row in known if token not in self.common and row.seen.offices}
        hidden = {
            token for token, row in known if token not in self.everyone and row.hidden.offices
        }
        return seen, hidden


def became(before: Locked, after: Locked) -> bool:
    """Return whether a token became common."""
    return after.is_common and not before.is_common


def released(
    before: Mapping[bytes, Locked],
    after: Mapping[bytes, Locked],
    promoted: Collection[bytes],
) -> list[bytes]:
    """Return the tokens that match what they did not match before, in byte order."""
    rare_again = {
        token
        for token, row in after.items()
        if not row.is_common
        and (
            before[token].is_common
            or (before[token].is_crowded_by_hidden and not row.is_crowded_by_hidden)
        )
    }
    room = {token for token in promoted if not after.get(token, before[token]).is_common}
    return sorted(rare_again | room)


def label(kind: str) -> str:
    """Return what a kind of key is called where an overlap is explained."""
    return "name" if KINDS[kind].evidence == "person" else kind


def named(
    among: Iterable[Match],
    sightings: Iterable[Sighting],
    crowd: Crowd,
    support: Support,
    matching: Sequence[Match],
) -> list[Match]:
    """Return crowded tokens that a hit or a standing overlap also shares, and what they are to it.

    A standing overlap keeps what it rests on. A crowd of hidden holders is not told to anyone: to
    what is found otherwise, its token is evidence like any other.

    Args:
        among: Sightings of crowded tokens on subjects that may be part of a hit.
        sightings: Of the posted subjects.
        crowd: The crowded tokens.
        support: Of the standing overlaps of the posted cases.
        matching: What counts by itself.
    """
    hits = {match.subject.id for match in matching if match.mode != "block"}
    cases: dict[bytes, dict[int, str]] = defaultdict(dict)
    for sighting in sightings:
        cases[sighting.token][sighting.case_id] = label(sighting.kind)
    found = []
    for match in among:
        token, other = match.token, match.subject
        for case_id, kind in cases[token].items():
            rests_on = support.get((case_id, other.case_id))
            is_only_hidden = token not in crowd.common
            is_kept = rests_on is not None and (is_only_hidden or kind in rests_on)
            if is_only_hidden and not (is_kept or other.id in hits):
                continue
            found.append(
                match._replace(only_case_id=case_id, is_common=not (is_kept or is_only_hidden))
            )
    return found


def kind_name(code: int) -> str:
    """Return the name of a kind by its storage code."""
    return KINDS_BY_CODE[code].name
