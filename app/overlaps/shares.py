"""Whom a token counts: each office's share of it, and what a post changes of that."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from app.overlaps import queries
from app.overlaps.limits import COUNTED_PER_OFFICE, MATCHED_PER_OFFICE
from app.overlaps.postings import Sighting
from app.overlaps.queries import Connection
from app.overlaps.rows import HeldBefore, Locked


@dataclass(frozen=True)
class Division:
    """What becomes of posted sightings."""

    matched: Sequence[Sighting]
    aside: Sequence[Sighting]
    """Those beyond the office's share of a token: kept, not matched, counted nowhere."""
    counts: Mapping[bytes, Locked] = field(default_factory=dict)
    """The registry rows whose counts change, with the new counts."""
    promoted: frozenset[bytes] = frozenset()
    """Tokens that now match subjects of other cases that were aside."""


def subjects_of(
    sightings: Sequence[Sighting], hidden_cases: Collection[int]
) -> dict[bytes, tuple[int, int]]:
    """Return how many subjects each token has among the sightings, seen and hidden."""
    seen: Counter[bytes] = Counter()
    hidden: Counter[bytes] = Counter()
    for token, case_id, _ in {(s.token, s.case_id, s.ref) for s in sightings}:
        (hidden if case_id in hidden_cases else seen)[token] += 1
    return {s.token: (seen[s.token], hidden[s.token]) for s in sightings}


def counted(subjects: int) -> int:
    """Return how many of one office's subjects count."""
    return min(subjects, COUNTED_PER_OFFICE)


async def divide(
    connection: Connection,
    office_id: int,
    sightings: Sequence[Sighting],
    locked: Mapping[bytes, Locked],
    held: Mapping[bytes, tuple[int, int]],
    before: Mapping[bytes, HeldBefore],
    hidden_cases: Collection[int],
    later: Collection[bytes] = (),
) -> Division:
    """Divide an office's sightings into those within its share of each token and the rest.

    The subjects that held the tokens `before` are deleted by now. Room that they left is given to
    the posted subjects first and then to those of other cases that were aside. Tokens of a `later`
    epoch, which a rotation lifts to, are only counted: it lets those take the room (rotation).

    Args:
        connection: Of the transaction that has locked the tokens.
        office_id: The office that posts.
        sightings: What it posts.
        locked: The registry rows of the tokens.
        held: Subjects of the office that each token matches, of those that were not new.
        before: What the tokens were to the cases that are replaced.
        hidden_cases: The posted cases that are hidden.
        later: See above.
    """
    matched, aside = _within_share(sightings, held, hidden_cases)
    if not held:
        return Division(matched, aside)
    shared = list(held)
    posted = subjects_of(matched, hidden_cases)
    after = {token: _sum(held[token], posted.get(token, (0, 0))) for token in shared}
    left = {token: was for token, was in before.items() if token not in later}
    moved = await _promote(connection, office_id, held, left, after)
    counts = {}
    for token in shared:
        row, was = locked[token], before.get(token)
        seen, hidden = _sum(held[token], (was.seen, was.hidden) if was else (0, 0))
        now = row._replace(
            seen=row.seen.moved(seen, after[token][0]),
            hidden=row.hidden.moved(hidden, after[token][1]),
        )
        if now != row or not now.is_held:
            counts[token] = now
    return Division(matched, aside, counts, frozenset(moved))


def _sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


def _within_share(
    sightings: Sequence[Sighting],
    held: Mapping[bytes, tuple[int, int]],
    hidden_cases: Collection[int],
) -> tuple[list[Sighting], list[Sighting]]:
    """Return the sightings within the office's share of each token, and those beyond it."""
    posted = Counter(sighting.token for sighting in sightings)
    none = (0, 0)
    if all(n + max(held.get(token, none)) <= MATCHED_PER_OFFICE for token, n in posted.items()):
        return list(sightings), []  # nearly always: no need to count subjects
    subjects: dict[tuple[bytes, bool], set[tuple[int, str]]] = defaultdict(set)
    matched: list[Sighting] = []
    aside: list[Sighting] = []
    for sighting in sightings:
        is_hidden = sighting.case_id in hidden_cases
        mine = subjects[sighting.token, is_hidden]
        subject = (sighting.case_id, sighting.ref)
        others = held.get(sighting.token, none)[is_hidden]
        if subject in mine or others + len(mine) < MATCHED_PER_OFFICE:
            mine.add(subject)
            matched.append(sighting)
        else:
            aside.append(sighting)
    return matched, aside


async def _promote(
    connection: Connection,
    office_id: int,
    held: Mapping[bytes, tuple[int, int]],
    before: Mapping[bytes, HeldBefore],
    after: dict[bytes, tuple[int, int]],
) -> set[bytes]:
    """Fill what room came free with subjects that were aside, and count them in `after`."""
    room = [
        (token, bool(place), MATCHED_PER_OFFICE - after[token][place])
        for token, was in before.items()
        if token in after
        for place, left in enumerate((was.seen, was.hidden))
        if left + held[token][place] >= MATCHED_PER_OFFICE > after[token][place]
    ]
    moved = await queries.promote(connection, office_id, room) if room else {}
    for (token, is_hidden), how_many in moved.items():
        seen, hidden = after[token]
        after[token] = (seen, hidden + how_many) if is_hidden else (seen + how_many, hidden)
    return {token for token, _ in moved}
