from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import driver
from app.core.ids import new_id
from app.identifiers.kinds import KINDS, MATCH_SPEC_NUMBER
from app.overlaps import detection, queries
from app.overlaps.postings import Posting, Sighting, sightings_of
from app.overlaps.queries import OFFICE_LIMIT, PER_OFFICE_LIMIT, Connection
from app.overlaps.rows import FoundOverlap, HeldBefore, Locked
from app.overlaps.scoring import Prior
from app.overlaps.sealing import Sealer


@dataclass(frozen=True)
class Matcher:
    """What the registry process needs to match: the token key of an epoch, a sealer, the prior."""

    token_key: bytes
    epoch: int
    sealer: Sealer
    prior: Prior

    def __repr__(self) -> str:
        return f"Matcher(epoch={self.epoch})"


@dataclass(frozen=True)
class Registration:
    """What registering postings came to: overlaps found, and sightings too common to match."""

    found: Sequence[FoundOverlap]
    common: frozenset[tuple[int, str, str]]
    """(case id, ref, kind) of keys that were kept and not matched."""
    events: Sequence[tuple[str, UUID]] = ()
    """Audit action and overlap: what was found, changed or retracted."""


async def register(
    session: AsyncSession,
    matcher: Matcher,
    office_id: int,
    postings: Sequence[Posting],
    *,
    now: datetime,
) -> Registration:
    """Store the sightings of one office's cases, in place of earlier ones, and find overlaps.

    The caller holds the rows of the cases. Locks the registry rows of every token that the cases
    hold or held, in byte order, before anything else of matching is read or written.

    Raises:
        EpochMovedError: the matcher is of an epoch that is no longer the current one.
    """
    connection = await driver(session)
    sightings = sorted(s for p in postings for s in sightings_of(p, matcher.token_key))
    changed = [posting.case_id for posting in postings if not posting.is_new]
    before = (
        await queries.get_held_before(connection, changed, epoch=matcher.epoch) if changed else {}
    )
    locked = await queries.lock_tokens(
        connection,
        _changes(sightings, before),
        match_spec=MATCH_SPEC_NUMBER,
        epoch=matcher.epoch,
    )
    if changed:
        await queries.delete_subjects(connection, changed)
    matched, common, offices = await _divide(connection, office_id, sightings, locked, before)
    await _store(connection, matcher, office_id, postings, matched, common, offices)
    crowded = {
        token for token, row in locked.items() if offices.get(token, row.offices) > OFFICE_LIMIT
    }
    rare = [token for token, row in locked.items() if not row.is_fresh and token not in crowded]
    matching = await queries.list_matching(connection, rare, office_id) if rare else []
    if crowded and changed:
        matching += await queries.list_matching_known(connection, crowded, office_id, changed)
    holders = {match.token: locked[match.token].subjects for match in matching}
    evidence = detection.gather(matched, matching, holders)
    found = detection.overlaps_of(postings, office_id, evidence, matcher.prior)
    events: list[tuple[str, UUID]] = []
    if found:
        ids = [new_id() for _ in found]
        kept = await queries.upsert_overlaps(connection, ids, found, now=now)
        events += [("overlap.found", key) for key, version in kept if version == 1]
        events += [("overlap.changed", key) for key, version in kept if version > 1]
    if changed:
        gone = await queries.retract_overlaps(connection, changed, found, now=now)
        events += [("overlap.retracted", overlap_id) for overlap_id in gone]
    too_common = [s for s in matched if s.token in crowded]
    capped = frozenset((s.case_id, s.ref, s.kind) for s in [*common, *too_common])
    return Registration(found, capped, events)


def _changes(
    sightings: Iterable[Sighting], before: Mapping[bytes, HeldBefore]
) -> list[tuple[bytes, int, int]]:
    """Return token, kind and change of its number of subjects, in byte order."""
    kinds = {token: held.kind for token, held in before.items()}
    kinds |= {s.token: KINDS[s.kind].code for s in sightings}
    counts = Counter(token for token, _, _ in {(s.token, s.case_id, s.ref) for s in sightings})
    counts.subtract({token: held.subjects for token, held in before.items()})
    return [(token, kinds[token], counts[token]) for token in sorted(kinds)]


async def _divide(
    connection: Connection,
    office_id: int,
    sightings: Sequence[Sighting],
    locked: dict[bytes, Locked],
    before: Mapping[bytes, HeldBefore],
) -> tuple[list[Sighting], list[Sighting], dict[bytes, int]]:
    """Return the sightings to match, those beyond the office's share, and new office counts.

    One office cannot make a token common by itself: what it holds beyond its share is set aside
    and counts for nothing.
    """
    shared = [token for token, row in locked.items() if not row.is_fresh]
    held = await queries.get_held_by(connection, shared, office_id) if shared else {}
    posted = Counter(sighting.token for sighting in sightings)
    matched, common = _within_share(sightings, posted, held)
    offices: dict[bytes, int] = {}
    for token in shared:
        was_holder = bool(held.get(token)) or (token in before and before[token].is_matched)
        is_holder = bool(held.get(token)) or token in posted
        if was_holder != is_holder:
            offices[token] = locked[token].offices + (1 if is_holder else -1)
    return matched, common, offices


def _within_share(
    sightings: Sequence[Sighting], posted: Mapping[bytes, int], held: Mapping[bytes, int]
) -> tuple[list[Sighting], list[Sighting]]:
    """Return the sightings within the office's share of each token, and those beyond it."""
    if all(count + held.get(token, 0) <= PER_OFFICE_LIMIT for token, count in posted.items()):
        return list(sightings), []  # nearly always: no need to count subjects
    subjects: dict[bytes, set[tuple[int, str]]] = defaultdict(set)
    matched: list[Sighting] = []
    common: list[Sighting] = []
    for sighting in sightings:
        mine = subjects[sighting.token]
        subject = (sighting.case_id, sighting.ref)
        if subject in mine or held.get(sighting.token, 0) + len(mine) < PER_OFFICE_LIMIT:
            mine.add(subject)
            matched.append(sighting)
        else:
            common.append(sighting)
    return matched, common


async def _store(
    connection: Connection,
    matcher: Matcher,
    office_id: int,
    postings: Sequence[Posting],
    matched: Sequence[Sighting],
    common: Sequence[Sighting],
    offices: Mapping[bytes, int],
) -> None:
    rows = [
        (p.case_id, s.ref, s.kind, _array(name.band for name in s.names), _array(s.masks))
        for p in postings
        for s in p.subjects
    ]
    keys = await queries.insert_subjects(connection, office_id, rows, epoch=matcher.epoch)
    sealed = {
        key: matcher.sealer.seal(key, [(KINDS[kind].code, n) for kind, _, n in s.elements])
        for p in postings
        for s in p.subjects
        if s.elements
        for key in (keys[p.case_id, s.ref],)
    }
    await queries.insert_sightings(
        connection,
        office_id,
        matched,
        keys,
        sealing_key_id=matcher.sealer.key_id,
        sealed=sealed,
        offices=offices,
    )
    if common:
        await queries.insert_common(connection, office_id, common, keys)


def _array(numbers: Iterable[int]) -> str:
    """Return the text form of a PostgreSQL array."""
    return "{" + ",".join(map(str, numbers)) + "}"
