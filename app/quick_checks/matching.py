"""What a post of subjects would meet, found without storing anything of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.policy import Target, decide
from app.access.principal import Principal
from app.access.vocabulary import Relation, Rung
from app.core.db import APP, MATCHER, become, driver
from app.overlaps import crowds, detection, suppressed
from app.overlaps import queries as overlaps
from app.overlaps.crowds import Crowd, label
from app.overlaps.postings import PostedSubject, Posting, Sighting, sightings_of
from app.overlaps.service import Matcher
from app.pairs.rows import FoundOverlap
from app.quick_checks import queries
from app.suppressions import queries as suppressions
from app.suppressions.rows import NOTHING

_RUNGS: Final = Rung.CONTACT
"""The highest that a check shows: that there is something and whom to call, never what."""


@dataclass(frozen=True)
class Found:
    """What is told of a check."""

    hits: Sequence[tuple[FoundOverlap, int, Rung]] = ()
    """Pairs of the own case and another, that one's office, and how far it is shown."""
    common: Sequence[tuple[str, str]] = ()
    """Ref and kind of what too many hold to be looked at."""
    alarms: Sequence[UUID] = ()
    """Canaries among the tokens; who asks is told nothing of them."""


async def find(
    session: AsyncSession,
    principal: Principal,
    matcher: Matcher,
    case_id: int,
    subjects: Sequence[PostedSubject],
    *,
    now: datetime,
) -> Found:
    """Return the pairs that a post of the subjects under one of the caller's cases would make.

    As far as others' disclosure lets them be told of without a grant. Hidden sightings are not
    looked at, so that what is hidden costs no time either.

    Raises:
        EpochMovedError: the matcher is of an epoch that is no longer the current one.
    """
    posting = Posting(case_id, is_new=True, subjects=subjects)
    sightings = sorted(sightings_of(posting, matcher.token_key))
    await become(session, MATCHER)
    held = await queries.get_tokens(session, {s.token for s in sightings}, epoch=matcher.epoch)
    known = [sighting for sighting in sightings if sighting.token in held]
    crowd = Crowd.of(held)
    connection = await driver(session)
    in_force, canaries = NOTHING
    flagged = [token for token, row in held.items() if row.is_suppressed]
    if flagged:
        in_force, canaries = await suppressions.get_in_force(connection, flagged, today=now.date())
    alarms: Sequence[UUID] = ()
    if touched := sorted({(s.token, s.case_id) for s in known if s.token in canaries}):
        alarms = await suppressions.raise_alarms(connection, principal.office_id, touched, now=now)
    wanted, _ = crowd.matching({sighting.token for sighting in known}, held)
    _, around = await overlaps.meet(connection, principal.office_id, (), (), wanted, ())
    matching = suppressed.marked(around.seen, principal.office_id, in_force)
    crowded = list({s.token for s in known} & crowd.common)
    if matching and crowded:
        met = list({match.subject.id for match in matching if match.mode != "block"})
        among = await overlaps.list_held_among(connection, crowded, met, (), principal.office_id)
        among = suppressed.marked(among, principal.office_id, in_force)
        matching += crowds.named(among, known, crowd, {}, matching)
    holders = {token: row.seen.subjects + 1 for token, row in held.items()}  # as if it were posted
    evidence = detection.gather(known, matching, holders)
    pairs = detection.overlaps_of([posting], principal.office_id, evidence, matcher.prior)
    others = [pair.other_case(case_id) for pair in pairs]
    told = await queries.list_told(session, others)
    await become(session, APP)
    hits = []
    for pair, other in zip(pairs, others, strict=True):
        if other in told:
            office_id, record_class, disclosure, allowed = told[other]
            target = Target(Relation.PARTNER, record_class, disclosure)
            judged = decide(principal, Permission.OVERLAPS_READ, target)
            rung = min(judged.rung, allowed, _RUNGS)
            if rung > Rung.NONE:
                hits.append((pair, office_id, rung))
    return Found(hits, _common(known, crowd), alarms)


def _common(known: Sequence[Sighting], crowd: Crowd) -> list[tuple[str, str]]:
    kinds: dict[str, set[str]] = defaultdict(set)
    for sighting in known:
        if sighting.token in crowd.common:
            kinds[sighting.ref].add(label(sighting.kind))
    return sorted((ref, kind) for ref, each in kinds.items() for kind in each)
