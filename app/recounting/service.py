"""Recounting the overlaps from the sightings: what posting left must be what is found again.

Posting finds every overlap by itself (docs/adr/0005-detection.md). A recount proves it: each
difference is repaired, told in the audit and counted, and there must be none.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import MATCHING
from app.audit import service as audit
from app.core.beside import beside
from app.core.db import APP, MATCHER, become, driver
from app.core.ids import OVERLAP, public_id
from app.core.items import attempt_all, hidden_name
from app.frequencies import queries as frequencies
from app.identifiers.kinds import KINDS
from app.overlaps.errors import EpochMovedError
from app.overlaps.service import Matcher
from app.pairs import queries as pairs
from app.pairs.rows import FoundOverlap
from app.recounting import queries
from app.recounting.queries import SLICES
from app.recounting.rows import Standing
from app.rematching import queries as rematching_queries
from app.rematching import service as rematching
from app.rematching.service import CasePair

FULL_AFTER: Final = timedelta(days=7)
"""How old the last full recount may be; between, only what was posted since is recounted."""

COUNTED_AT_ONCE: Final = 4
"""Slices whose holders one statement counts: rows of tokens lie anywhere, so that each statement
goes through nearly all pages of the table, and those of a sixteenth fit in its memory."""

_FIRST_FINDING: Final = "same_person"
"""The finding whose score depends on how many hold a name, which moves without a post."""


async def note_pairs(
    session: AsyncSession,
    *,
    limit: int,
    now: datetime,
    is_full: bool = False,
    most: int = queries.AT_MOST,
) -> int:
    """Note the pairs that `compare` must look at, one part of a recount; 0 when there is no more.

    Goes on with a recount that was stopped. Begins one unless one began at `now` already: a full
    one when `is_full` asks for it or the last is `FULL_AFTER` ago, else of what transactions stored
    that ended since the last recount. A part notes at most `most` pairs. A full one first counts
    anew how many hold each token, because who matches what depends on it.
    """
    await become(session, MATCHER)
    connection = await driver(session)
    progress = await queries.get_unfinished(connection)
    if progress is None or (is_full and not progress.is_full):
        until, full_at, began_at = await queries.get_last(connection)
        if began_at is not None and began_at >= now and progress is None:
            return 0
        is_due = is_full or full_at is None or full_at <= now - FULL_AFTER
        progress = await queries.begin_recount(
            connection, is_full=is_due, since=0 if until is None else until, now=now
        )
    wrong: Counter[str] = Counter()
    if not progress.is_full:
        end = await queries.get_end_of_batch(connection, progress.since, progress.until, limit)
        async with beside(session, MATCHER) as other:
            found = await find_new(connection, other, progress.since, end, most)
        await queries.note(connection, found)
        is_whole = len(found) < most
        done = is_whole and end >= progress.until
        moved = progress._replace(since=end) if is_whole else progress
        await queries.go_on(connection, moved, now if done else None)
    elif progress.next_slice < SLICES:
        wrong, is_whole = await _count(connection, progress.next_slice, most)
        if is_whole:
            found = await queries.find_in_slices(connection, progress.next_slice, most)
            await queries.note(connection, found)
            is_whole = len(found) < most
        if is_whole:
            progress = progress._replace(next_slice=progress.next_slice + queries.SLICES_AT_ONCE)
        await queries.go_on(connection, progress)
    else:
        last = await queries.note_standing(connection, progress.next_overlap, limit)
        moved = progress._replace(next_overlap=last or progress.next_overlap)
        await queries.go_on(connection, moved, None if last else now)
    await become(session, APP)
    if wrong:
        structlog.get_logger().error("frequencies_differ", count=wrong.total())
        await audit.record(
            session, MATCHING, "tokens.recounted", f"{wrong.total()} tokens", detail=dict(wrong)
        )
    return 1


async def find_new(
    one: queries.Connection, other: queries.Connection, since: int, until: int, most: int
) -> set[CasePair]:
    """Return `most` unknown pairs of subjects that transactions stored, each half by a connection.

    Raises what the connection that fails first does.
    """
    try:
        async with asyncio.TaskGroup() as searching:
            halves = [
                searching.create_task(queries.find_new(each, since, until, first, most))
                for each, first in ((one, 0), (other, SLICES // 2))
            ]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    found = set[CasePair]().union(*(half.result() for half in halves))
    return set(sorted(found)[:most])


async def _count(
    connection: queries.Connection, first: int, most: int
) -> tuple[Counter[str], bool]:
    """Count anew who holds the tokens of `SLICES_AT_ONCE` slices, and mend what was otherwise.

    Returns how many tokens that was, and whether it were all. Where a token's row is lost, only a
    post of its holder can bring it back: it is alarmed again each time.
    """
    found: Counter[str] = Counter()
    is_whole = True
    for number in range(first, first + queries.SLICES_AT_ONCE, COUNTED_AT_ONCE):
        start, end = queries.slices(number, COUNTED_AT_ONCE)
        wrong, lost = await frequencies.list_wrong(connection, start, end, most)
        found += Counter(corrected=len(wrong), lost=len(lost))
        if wrong:
            await frequencies.correct(connection, wrong)
            is_whole = is_whole and len(wrong) < most
    if found:
        await queries.add_differences(connection, found.total())
    return found, is_whole


async def compare(
    session: AsyncSession,
    matcher: Matcher,
    *,
    limit: int,
    now: datetime,
    office_id: int | None = None,
) -> int:
    """Compare noted pairs with what is found of them now, and repair; return how many, 0 when done.

    Pairs with a case that another transaction holds stay noted, at the latest for the next run, and
    so does one that fails.
    Takes what `backlog.finish` takes, in its order: gate, lock of rematching, cases.

    Raises:
        EpochMovedError: the matcher is of an epoch that is no longer the current one.
    """
    connection = await driver(session)
    await become(session, MATCHER)
    if await rematching_queries.enter(connection) != matcher.epoch:
        raise EpochMovedError
    await rematching_queries.lock(connection)
    claimed = await queries.claim(connection, limit, office_id)
    entries: list[audit.Entry] = []

    async def repair(pairs: Collection[CasePair]) -> None:
        entries.extend(await _repair(connection, matcher, set(pairs), now=now))

    done = await attempt_all(session, {hidden_name(pair): pair for pair in claimed}, repair)
    await queries.note(connection, claimed.difference(done))
    differences = sum(entry.action == "overlap.recounted" for entry in entries)
    if differences:
        await queries.add_differences(connection, differences)
        structlog.get_logger().error("overlaps_differ", count=differences)
    await become(session, APP)
    if entries:
        await audit.record_each(session, MATCHING, entries)
    return len(done)


async def _repair(
    connection: queries.Connection, matcher: Matcher, wanted: set[CasePair], *, now: datetime
) -> list[audit.Entry]:
    """Store what is found of pairs otherwise than it stands; return what to tell the audit."""
    standing = await queries.get_standing(connection, wanted)
    found = {
        (each.low_case_id, each.high_case_id): each
        for each in await rematching.find(connection, matcher, wanted, now=now)
    }
    without = standing.keys() - found.keys()
    # a score can fall below the least one while the evidence stays: that is no fault of posting
    phantom = without - await queries.list_sharing(connection, without) if without else set()
    wrong = dict.fromkeys(found.keys() - standing.keys(), "missed")
    for pair in found.keys() & standing.keys():
        if is_altered(standing[pair], found[pair]):
            wrong[pair] = "altered"
    moved = [
        found[pair]
        for pair in sorted(found)
        if pair in wrong or found[pair].band != standing[pair].band
    ]
    events = []
    if moved:
        events += await pairs.upsert_overlaps(connection, moved, now=now)
    if phantom:
        events += await pairs.retract_pairs(connection, sorted(phantom), now=now)
    differences = wrong | dict.fromkeys(phantom, "phantom")
    return [
        *(audit.Entry(action, public_id(OVERLAP, key)) for action, key in events),
        *(
            audit.Entry("overlap.recounted", f"{low}-{high}", detail={"difference": kind})
            for (low, high), kind in sorted(differences.items())
        ),
    ]


def is_altered(standing: Standing, found: FoundOverlap) -> bool:
    """Return whether what is stored says other than what the two cases share.

    Findings that depend on how many hold a name are compared where both have one; their strength
    never is, nor what once counted as differing: numbers of which a person can have several.
    """
    before, after = _facts(standing.findings), _facts(found.findings)
    names = {key for key in before.keys() ^ after.keys() if key[1] == _FIRST_FINDING}
    same = all(before.get(key) == after.get(key) for key in (before.keys() | after.keys()) - names)
    return not same or (not names and sorted(standing.evidence) != found.evidence)


def _facts(findings: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Any]:
    """Return of each finding, by subjects and name, which kinds and facts it rests on."""
    return {
        ("/".join(each["subjects"]), each["finding"]): (
            sorted(each.get("kinds", ())),
            _counted(each.get("facts") or {}),
        )
        for each in findings
    }


def _counted(facts: Mapping[str, Any]) -> dict[str, Any]:
    differing = [kind for kind in facts.get("differing", ()) if not KINDS[kind].of]
    return {**facts, "differing": differing}
