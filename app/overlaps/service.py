from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import APP, MATCHER, Role, became, become, driver
from app.identifiers.kinds import MATCH_SPEC_NUMBER
from app.overlaps import columns, crowds, detection, queries, shares, suppressed
from app.overlaps.crowds import Crowd
from app.overlaps.postings import Keys, Posting, sightings_of
from app.overlaps.queries import Connection
from app.overlaps.rows import Around, Locked, Match
from app.overlaps.scoring import Prior
from app.overlaps.sealing import Sealer
from app.overlaps.shares import Division
from app.pairs import queries as pairs
from app.pairs.rows import FoundOverlap
from app.suppressions import queries as suppressions
from app.suppressions.rows import InForce

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


@dataclass(frozen=True)
class _Post:
    """A post that holds its tokens: what it replaced, whom it meets, what of it is matched."""

    connection: Connection
    office_id: int
    postings: Sequence[Posting]
    changed: Sequence[int]
    """Keys of the cases that it replaces."""
    hidden_cases: Collection[int]
    later: Collection[bytes]
    """Tokens of the epoch that a rotation lifts to: they are counted and not matched."""
    locked: Mapping[bytes, Locked]
    """The registry rows as they were before it."""
    first: Crowd
    """Those of them that were crowded."""
    keys: Keys
    around: Around
    division: Division
    held: Mapping[bytes, Locked]
    """The registry rows as it leaves them."""


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
    post = await _replace(connection, matcher, office_id, postings)
    in_force, alarms = await _listed(post, now=now)
    crowd = Crowd.of(post.held)
    found = await _find(post, crowd, in_force, matcher.prior)
    events = await _store(
        session, matcher, post, found, retracted_because=retracted_because, now=now
    )
    return _outcome(post, crowd, found, events, alarms)


async def _replace(
    connection: Connection, matcher: Matcher, office_id: int, postings: Sequence[Posting]
) -> _Post:
    """Lock the tokens that the cases hold or held, and put the new subjects in place of the old."""
    sightings = sorted(s for p in postings for s in sightings_of(p, matcher.token_key))
    hidden_cases = {posting.case_id for posting in postings if posting.is_hidden}
    changed = [posting.case_id for posting in postings if not posting.is_new]
    before = (
        await queries.get_held_before(connection, changed, epoch=matcher.epoch) if changed else {}
    )
    locked = await queries.lock_tokens(
        connection,
        columns.tokens(sightings, before, hidden_cases),
        match_spec=MATCH_SPEC_NUMBER,
        epoch=matcher.epoch,
    )
    if changed:
        await queries.delete_subjects(connection, changed)
    first = Crowd.of(locked)
    shared = [token for token, row in locked.items() if not row.is_fresh]
    subjects = columns.subjects(postings)
    keys: Keys = {}
    around = Around({})
    if shared or subjects:
        asked = first.matching({sighting.token for sighting in sightings}, locked)
        keys, around = await queries.meet(connection, office_id, subjects, shared, *asked)
    later = frozenset(token for token, was in before.items() if was.epoch != matcher.epoch)
    division = await shares.divide(
        connection, office_id, sightings, locked, around.own, before, hidden_cases, later
    )
    return _Post(
        connection=connection,
        office_id=office_id,
        postings=postings,
        changed=changed,
        hidden_cases=hidden_cases,
        later=later,
        locked=locked,
        first=first,
        keys=keys,
        around=around,
        division=division,
        held={**locked, **division.counts},
    )


async def _listed(post: _Post, *, now: datetime) -> tuple[InForce, Sequence[UUID]]:
    """Return the suppression entries of the tokens, and the canaries among them, which alarm."""
    flagged = [token for token, row in post.locked.items() if row.is_suppressed]
    if not flagged:
        return {}, ()
    in_force, canaries = await suppressions.get_in_force(post.connection, flagged, today=now.date())
    posted = [*post.division.matched, *post.division.aside]
    touched = sorted({(s.token, s.case_id) for s in posted if s.token in canaries})
    if not touched:
        return in_force, ()
    alarms = await suppressions.raise_alarms(post.connection, post.office_id, touched, now=now)
    return in_force, alarms


async def _find(
    post: _Post, crowd: Crowd, in_force: InForce, prior: Prior
) -> Sequence[FoundOverlap]:
    """Return the overlaps that the matched sightings make with what other offices hold."""
    near = await _near(post, crowd)
    matching = await _matching(post, near, crowd, in_force)
    holders = {match.token: post.held[match.token].seen.subjects for match in matching}
    evidence = detection.gather(post.division.matched, matching, holders, post.hidden_cases)
    return detection.overlaps_of(post.postings, post.office_id, evidence, prior)


async def _near(post: _Post, crowd: Crowd) -> list[Match]:
    """Return the other offices' sightings of the tokens that match, seen and hidden.

    They are around already, but for tokens that were crowded at first and that this post left.
    """
    seen, hidden = crowd.matching({s.token for s in post.division.matched}, post.held)
    rare_again = seen & post.first.common, hidden & post.first.everyone
    found = [post.around]
    if any(rare_again):
        found.append((await queries.meet(post.connection, post.office_id, (), (), *rare_again))[1])
    return [
        *(match for each in found for match in each.seen if match.token in seen),
        *(match for each in found for match in each.hidden if match.token in hidden),
    ]


async def _matching(post: _Post, near: list[Match], crowd: Crowd, in_force: InForce) -> list[Match]:
    """Return the other offices' sightings that count, and those that are only named."""
    matching = suppressed.marked(near, post.office_id, in_force) if in_force else near
    matched = post.division.matched
    crowded = list({s.token for s in matched} & crowd.everyone)
    if not crowded or not (matching or post.changed):
        return matching
    support = await pairs.get_support(post.connection, post.changed) if post.changed else {}
    among = await queries.list_held_among(
        post.connection,
        crowded,
        list({match.subject.id for match in matching if match.mode != "block"}),
        list({other for _, other in support}),
        post.office_id,
    )
    if in_force:
        among = suppressed.marked(among, post.office_id, in_force)
    return matching + crowds.named(among, matched, crowd, support, matching)


async def _store(
    session: AsyncSession,
    matcher: Matcher,
    post: _Post,
    found: Sequence[FoundOverlap],
    *,
    retracted_because: RetractReason,
    now: datetime,
) -> list[tuple[str, UUID]]:
    """Store what was found and what the post holds; retract what it no longer supports.

    The session becomes the application's. Returns audit action and overlap.

    Raises:
        EpochMovedError: the matcher is of an epoch that is no longer the current one.
    """
    connection, division = post.connection, post.division
    if division.aside:
        await queries.insert_common(connection, post.office_id, division.aside, post.keys)
    empty = [token for token, row in division.counts.items() if not row.is_held]
    then: Role = MATCHER if post.changed or empty else APP
    events = await queries.store(
        connection,
        post.office_id,
        found,
        division.matched,
        post.keys,
        epoch=matcher.epoch,
        hidden_cases=post.hidden_cases,
        sealing_key_id=matcher.sealer.key_id,
        sealed=columns.sealed(matcher.sealer, post.postings, post.keys),
        counts=division.counts,
        then=then,
        now=now,
    )
    became(session, then)
    if post.changed:
        events += await pairs.retract_overlaps(
            connection, post.changed, found, reason=retracted_because, now=now
        )
    if empty:
        await queries.delete_empty(connection, empty)
    await become(session, APP)
    return events


def _outcome(
    post: _Post,
    crowd: Crowd,
    found: Sequence[FoundOverlap],
    events: Sequence[tuple[str, UUID]],
    alarms: Sequence[UUID],
) -> Registration:
    locked, division = post.locked, post.division
    counts = {token: row for token, row in division.counts.items() if token not in post.later}
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
        to_rematch={token: post.held[token] for token in released},
        matched_again=[crowds.kind_name(locked[token].kind) for token in released],
        alarms=alarms,
    )
