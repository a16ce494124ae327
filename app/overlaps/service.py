from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import APP, MATCHER, Role, became, become, driver
from app.identifiers.kinds import KINDS, MATCH_SPEC_NUMBER
from app.overlaps import crowds, detection, queries, shares, suppressed
from app.overlaps.crowds import Crowd
from app.overlaps.postings import Keys, Posting, Sighting, sightings_of
from app.overlaps.queries import Connection
from app.overlaps.rows import Around, HeldBefore, Locked, Match
from app.overlaps.scoring import Prior
from app.overlaps.sealing import Sealer
from app.pairs import queries as pairs
from app.pairs.rows import FoundOverlap
from app.suppressions import queries as suppressions
from app.suppressions.rows import NOTHING, InForce

RetractReason = Literal["evidence_gone", "case_withdrawn"]


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

    found: Sequence[FoundOverlap] = ()
    common: frozenset[tuple[int, str, str]] = frozenset()
    """(case id, ref, kind) of keys that were kept and not matched."""
    events: Sequence[tuple[str, UUID]] = ()
    """Audit action and overlap: what was found, changed or retracted."""
    became_common: Sequence[str] = ()
    """The kind of each token that makes no further overlaps from now on."""
    to_rematch: Mapping[bytes, Locked] = field(default_factory=dict)
    """Tokens that match stored cases which they did not match before, with their locked rows."""
    matched_again: Sequence[str] = ()
    """The kind of each of them."""
    alarms: Sequence[UUID] = ()
    """Canaries among the tokens; who posts is told nothing of them."""


async def register(
    session: AsyncSession,
    matcher: Matcher,
    office_id: int,
    postings: Sequence[Posting],
    *,
    now: datetime,
    retracted_because: RetractReason = "evidence_gone",
) -> Registration:
    """Store the sightings of one office's cases, in place of earlier ones, and find overlaps.

    The caller holds the rows of the cases. Locks the registry rows of every token that the cases
    hold or held, in byte order, before anything else of matching is read or written. The caller
    hands the result on to `rematching`, in the same transaction.

    Raises:
        EpochMovedError: the matcher is of an epoch that is no longer the current one.
    """
    connection = await driver(session)
    await become(session, MATCHER)
    sightings = sorted(s for p in postings for s in sightings_of(p, matcher.token_key))
    hidden_cases = {posting.case_id for posting in postings if posting.is_hidden}
    changed = [posting.case_id for posting in postings if not posting.is_new]
    before = (
        await queries.get_held_before(connection, changed, epoch=matcher.epoch) if changed else {}
    )
    locked = await queries.lock_tokens(
        connection,
        _rows(sightings, before, hidden_cases),
        match_spec=MATCH_SPEC_NUMBER,
        epoch=matcher.epoch,
    )
    if changed:
        await queries.delete_subjects(connection, changed)
    shared = [token for token, row in locked.items() if not row.is_fresh]
    first = Crowd.of(locked)
    keys: Keys = {}
    around = Around({})
    subjects = _subjects(postings)
    if shared or subjects:
        asked = first.matching({sighting.token for sighting in sightings}, locked)
        keys, around = await queries.meet(connection, office_id, subjects, shared, *asked)
    later = frozenset(token for token, was in before.items() if was.epoch != matcher.epoch)
    division = await shares.divide(
        connection, office_id, sightings, locked, around.own, before, hidden_cases, later
    )
    held = {**locked, **division.counts}
    flagged = [token for token, row in locked.items() if row.is_suppressed]
    in_force, canaries = NOTHING
    if flagged:
        in_force, canaries = await suppressions.get_in_force(connection, flagged, today=now.date())
    alarms: Sequence[UUID] = ()
    if touched := sorted({(s.token, s.case_id) for s in sightings if s.token in canaries}):
        alarms = await suppressions.raise_alarms(connection, office_id, touched, now=now)
    crowd = Crowd.of(held)
    wanted = crowd.matching({sighting.token for sighting in division.matched}, held)
    near = await _near(connection, office_id, around, first, wanted)
    matching = await _matching(
        connection, office_id, division.matched, near, crowd, changed, in_force
    )
    holders = {match.token: held[match.token].seen.subjects for match in matching}
    evidence = detection.gather(division.matched, matching, holders, hidden_cases)
    found = detection.overlaps_of(postings, office_id, evidence, matcher.prior)
    if division.aside:
        await queries.insert_common(connection, office_id, division.aside, keys)
    empty = [token for token, row in division.counts.items() if not row.is_held]
    then: Role = MATCHER if changed or empty else APP
    events = await queries.store(
        connection,
        office_id,
        found,
        division.matched,
        keys,
        epoch=matcher.epoch,
        hidden_cases=hidden_cases,
        sealing_key_id=matcher.sealer.key_id,
        sealed=_sealed(matcher.sealer, postings, keys),
        counts=division.counts,
        then=then,
        now=now,
    )
    became(session, then)
    if changed:
        events += await pairs.retract_overlaps(
            connection, changed, found, reason=retracted_because, now=now
        )
    if empty:
        await queries.delete_empty(connection, empty)
    await become(session, APP)
    counts = {token: row for token, row in division.counts.items() if token not in later}
    released = crowds.released(locked, counts, division.promoted)
    too_common = [s for s in division.matched if s.token in crowd.common]
    return Registration(
        found=found,
        common=frozenset((s.case_id, s.ref, s.kind) for s in [*division.aside, *too_common]),
        events=events,
        became_common=[
            crowds.kind_name(row.kind)
            for token, row in counts.items()
            if crowds.became(locked[token], row)
        ],
        to_rematch={token: held[token] for token in released},
        matched_again=[crowds.kind_name(locked[token].kind) for token in released],
        alarms=alarms,
    )


def _rows(
    sightings: Sequence[Sighting],
    before: Mapping[bytes, HeldBefore],
    hidden_cases: Collection[int],
) -> list[tuple[bytes, int, int, int]]:
    """Return token, kind and what a new row counts, in byte order."""
    kinds = {token: held.kind for token, held in before.items()}
    kinds |= {s.token: KINDS[s.kind].code for s in sightings}
    posted = shares.subjects_of(sightings, hidden_cases)
    return [
        (token, kinds[token], shares.counted(seen), shares.counted(hidden))
        for token in sorted(kinds)
        for seen, hidden in (posted.get(token, (0, 0)),)
    ]


async def _near(
    connection: Connection,
    office_id: int,
    around: Around,
    first: Crowd,
    wanted: tuple[set[bytes], set[bytes]],
) -> list[Match]:
    """Return the other offices' sightings of the `wanted` tokens, seen and hidden.

    They are around already, but for tokens that were crowded at `first` and that this post left.
    """
    seen, hidden = wanted
    rare_again = seen & first.common, hidden & first.everyone
    found = [around]
    if any(rare_again):
        found.append((await queries.meet(connection, office_id, (), (), *rare_again))[1])
    return [
        *(match for each in found for match in each.seen if match.token in seen),
        *(match for each in found for match in each.hidden if match.token in hidden),
    ]


async def _matching(
    connection: Connection,
    office_id: int,
    matched: Sequence[Sighting],
    near: list[Match],
    crowd: Crowd,
    changed: Sequence[int],
    in_force: InForce,
) -> list[Match]:
    """Return the other offices' sightings that count, and those that are only named."""
    matching = suppressed.marked(near, office_id, in_force) if in_force else near
    crowded = list({s.token for s in matched} & crowd.everyone)
    if not crowded or not (matching or changed):
        return matching
    support = await pairs.get_support(connection, changed) if changed else {}
    among = await queries.list_held_among(
        connection,
        crowded,
        list({match.subject.id for match in matching if match.mode != "block"}),
        list({other for _, other in support}),
        office_id,
    )
    if in_force:
        among = suppressed.marked(among, office_id, in_force)
    return matching + crowds.named(among, matched, crowd, support, matching)


def _subjects(postings: Sequence[Posting]) -> list[tuple[int, str, str, str, str, int, bool]]:
    """Return the columns of the subjects of postings, but for their office."""
    return [
        (
            p.case_id,
            s.ref,
            s.kind,
            _array(name.rarity for name in s.names),
            _array(s.masks),
            s.numbers,
            p.is_hidden,
        )
        for p in postings
        for s in p.subjects
    ]


def _sealed(sealer: Sealer, postings: Sequence[Posting], keys: Keys) -> dict[int, bytes]:
    """Return the sealed elements of each subject that has any, by its key."""
    return {
        key: sealer.seal(key, [(KINDS[kind].code, n) for kind, _, n in s.elements])
        for p in postings
        for s in p.subjects
        if s.elements
        for key in (keys[p.case_id, s.ref],)
    }


def _array(numbers: Iterable[int]) -> str:
    """Return the text form of a PostgreSQL array."""
    return "{" + ",".join(map(str, numbers)) + "}"
