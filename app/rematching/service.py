"""Overlaps between cases that are stored already, when a token begins or ceases to match them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import driver
from app.overlaps import crowds, detection, suppressed
from app.overlaps.postings import Sighting, stored_posting
from app.overlaps.rows import Locked, Match, Profile, StoredSighting
from app.overlaps.scoring import Prior
from app.overlaps.service import Matcher
from app.pairs import queries as pairs
from app.pairs.rows import FoundOverlap
from app.rematching import queries
from app.suppressions import queries as suppressions
from app.suppressions.rows import Cover, InForce

CasePair = tuple[int, int]
"""Two cases of different offices, the smaller key first."""

Holder = tuple[int, int, bool]
"""A case that holds a token, its office, and whether it is hidden."""

AT_ONCE: Final = 200
"""Pairs that one transaction finds anew: a quarter of a second, for which its caller waits."""

LEFT: Final = "pairs left"
"""Key in the information of a session whose transaction left pairs to `backlog`."""


async def rematch(
    session: AsyncSession,
    matcher: Matcher,
    rows: Mapping[bytes, Locked],
    *,
    spared: Collection[int] = (),
    now: datetime,
) -> list[tuple[str, UUID]]:
    """Find the overlaps of all cases that hold tokens, whose registry rows the caller has locked.

    The pairs are bounded by the limit of the kind and each office's share (overlaps/limits.py).

    Args:
        session: Of the transaction that changed who holds the tokens.
        matcher: Of the key epoch that the tokens belong to.
        rows: Those that match again, and their rows.
        spared: Cases that this transaction has matched already.
        now: When.

    Returns:
        Audit action and overlap of what was found or changed; more may be left to `backlog`.
    """
    connection = await driver(session)
    await queries.lock(connection)
    holders = await queries.list_holders(connection, list(rows))
    matched = [_matched(row, holders[token]) for token, row in rows.items()]
    wanted = _pairs(matched, set(spared))
    return await _find_or_queue(session, matcher, wanted, now=now)


async def rematch_covered(
    session: AsyncSession,
    matcher: Matcher,
    token: bytes,
    row: Locked,
    cover: Cover,
    *,
    now: datetime,
) -> list[tuple[str, UUID]]:
    """Find anew the overlaps that a suppression entry covers, and retract those without evidence.

    The caller has locked the token's registry row and changed its entries. A crowd is not matched
    for it: of its pairs, only those with an overlap that stands are looked at. Sightings that an
    office's share leaves out match nobody, so nothing that an entry does can change their pairs.
    """
    connection = await driver(session)
    await queries.lock(connection)
    holders = (await queries.list_holders(connection, [token]))[token]
    offices = {case_id: office_id for case_id, office_id, _ in holders}
    matched = [] if row.is_common else _matched(row, holders)
    standing = set(await queries.list_standing(connection, list(offices)))
    wanted = {
        pair
        for pair in _pairs([matched], ()) | standing
        if cover.includes(offices[pair[0]], offices[pair[1]])
    }
    return await _find_or_queue(session, matcher, wanted, now=now)


async def _find_or_queue(
    session: AsyncSession, matcher: Matcher, wanted: set[CasePair], *, now: datetime
) -> list[tuple[str, UUID]]:
    """Find as many pairs anew as a caller can wait for, and leave the others to `backlog`."""
    connection = await driver(session)
    ordered = sorted(wanted)
    events = await find_anew(connection, matcher, set(ordered[:AT_ONCE]), now=now)
    if left := ordered[AT_ONCE:]:
        await queries.queue(connection, left)
        session.info[LEFT] = True
    return events


async def find_anew(
    connection: queries.Connection, matcher: Matcher, wanted: set[CasePair], *, now: datetime
) -> list[tuple[str, UUID]]:
    """Store the overlaps of pairs as they are now; one without evidence is retracted."""
    if not wanted:
        return []
    standing = set(await queries.list_standing_of(connection, wanted))
    found = await find(connection, matcher, wanted, now=now)
    events = await pairs.upsert_overlaps(connection, found, now=now)
    gone = standing - {(each.low_case_id, each.high_case_id) for each in found}
    if gone:
        events += await pairs.retract_pairs(connection, sorted(gone), now=now)
    return events


def _matched(row: Locked, holders: Sequence[Holder]) -> Sequence[Holder]:
    """Return the holders that a token matches: hidden ones only while these are no crowd."""
    if not row.is_crowded_by_hidden:
        return holders
    return [holder for holder in holders if not holder[2]]


async def find(
    connection: queries.Connection, matcher: Matcher, wanted: Collection[CasePair], *, now: datetime
) -> list[FoundOverlap]:
    """Return the overlaps of pairs as they are now; who stores them holds what `finish` holds."""
    cases = {case_id for pair in wanted for case_id in pair}
    sightings = await queries.list_sightings(connection, cases, epoch=matcher.epoch)
    flagged = {sighting.token for sighting in sightings if sighting.is_suppressed}
    in_force: InForce = {}
    if flagged:
        in_force, _ = await suppressions.get_in_force(connection, flagged, today=now.date())
    support = await pairs.get_support(connection, list({low for low, _ in wanted}))
    return _found(wanted, sightings, support, in_force, matcher.prior)


def _pairs(holders: Iterable[Sequence[Holder]], spared: Collection[int]) -> set[CasePair]:
    """Return the pairs of cases of different offices among the holders of each token."""
    found: set[CasePair] = set()
    for cases in holders:
        rest = [case for case in cases if case[0] not in spared]
        for place, (one, office, _) in enumerate(rest):
            found.update(
                (one, other) if one < other else (other, one)
                for other, other_office, _ in rest[:place]
                if other_office != office
            )
    return found


def _found(
    wanted: Collection[CasePair],
    sightings: Sequence[StoredSighting],
    support: crowds.Support,
    in_force: InForce,
    prior: Prior,
) -> list[FoundOverlap]:
    """Return the overlaps of the wanted pairs, from all that their cases share."""
    by_case: dict[int, dict[bytes, list[StoredSighting]]] = defaultdict(lambda: defaultdict(list))
    for sighting in sightings:
        by_case[sighting.subject.case_id][sighting.token].append(sighting)
    others: dict[int, list[int]] = defaultdict(list)
    for low, high in sorted(wanted):
        others[low].append(high)
    found: list[FoundOverlap] = []
    for low, highs in others.items():
        mine = by_case[low]
        matches = [
            match
            for high in highs
            for match in _matches(low, mine, by_case[high], support.get((low, high), ()))
        ]
        if not matches:
            continue
        held = [sighting for same in mine.values() for sighting in same]
        profiles = {sighting.subject.ref: sighting.subject for sighting in held}
        matches = suppressed.marked(matches, held[0].subject.office_id, in_force)
        found += _overlaps(low, held, list(profiles.values()), matches, prior)
    return found


def _matches(
    low: int,
    mine: Mapping[bytes, Sequence[StoredSighting]],
    theirs: Mapping[bytes, Sequence[StoredSighting]],
    rests_on: Collection[str],
) -> Iterable[Match]:
    """Yield what the case `low` shares with another; a common token is only named (crowds.py)."""
    for token in mine.keys() & theirs.keys():
        for _, alias, kind, seen, _, subject in theirs[token]:
            is_common = seen.reason(kind) is not None
            is_kept = crowds.label(crowds.kind_name(kind)) in rests_on
            yield Match(token, alias, subject, low, is_common and not is_kept)


def _overlaps(
    case_id: int,
    held: Sequence[StoredSighting],
    subjects: Sequence[Profile],
    matches: Sequence[Match],
    prior: Prior,
) -> list[FoundOverlap]:
    sightings = [
        Sighting(s.token, case_id, s.subject.ref, s.alias, crowds.kind_name(s.kind)) for s in held
    ]
    posting = stored_posting(case_id, subjects)
    hidden = {case_id} if posting.is_hidden else set()
    holders = {s.token: s.seen.subjects for s in held}
    evidence = detection.gather(sightings, matches, holders, hidden)
    return detection.overlaps_of([posting], subjects[0].office_id, evidence, prior)
