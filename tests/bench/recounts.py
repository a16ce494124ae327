"""Goals: a recount of all overlaps is as fast as bare SQL, one of new sightings costs little."""

import time
from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg

from app.recounting import queries
from tests.bench.measure import Goal, median_of
from tests.bench.site import Site

NEW_SHARE: Final = 100
"""One in so many subjects counts as new."""

_LATER: Final = 1 << 60
"""A transaction that has not been."""

# PERFORMANCE: tokens of several offices first, then their sightings; nothing is compared or stored
_BARE: Final = """
WITH met AS MATERIALIZED (
  SELECT token FROM sightings GROUP BY token HAVING min(office_id) <> max(office_id))
SELECT count(*) FROM (
  SELECT DISTINCT least(a.case_id, b.case_id), greatest(a.case_id, b.case_id)
  FROM met JOIN sightings g USING (token)
  JOIN sightings h ON h.token = g.token AND h.office_id > g.office_id
  JOIN subjects a ON a.id = g.subject_id JOIN subjects b ON b.id = h.subject_id) AS p
"""
_RENEW: Final = f"""
UPDATE subjects SET written_in = {_LATER}
WHERE id >= (SELECT max(id) - count(*) / {NEW_SHARE} + 1 FROM subjects)
"""  # noqa: S608 -- constants only


async def measure(site: Site, sightings: int, *, runs: int) -> list[Goal]:
    """Recount the filler's `sightings` in full, and the newest hundredth of their subjects."""
    full, bare, new = [], [], []
    async with site.connected() as database:
        for _ in range(runs):
            bare.append(await _timed(database, _bare))
            full.append(await _timed(database, _full))
            new.append(await _timed(database, _new, before=_RENEW))
    each = median_of(new) * 1e6 / (sightings / NEW_SHARE)
    return [
        Goal(
            name="full recount",
            unit="s",
            ours=median_of(full),
            baseline=median_of(bare),
            bound="at most",
            must=1.3,
            aim=1.1,
            note=f"pairs of cases that share a token, in {queries.SLICES} slices, without those "
            f"known, noted; against one bare statement that counts them; {sightings:,} sightings",
        ),
        Goal(
            name="recount of new",
            unit="us",
            ours=each,
            baseline=None,
            bound="at most",
            must=6,
            aim=3,
            note=f"per sighting, of the newest {100 / NEW_SHARE:g} % of {sightings:,}",
        ),
    ]


async def _timed(
    database: asyncpg.Connection,
    work: Callable[[asyncpg.Connection], Awaitable[None]],
    before: str = "SELECT 1",
) -> float:
    """Return the seconds of `work`, which is undone."""
    undone = database.transaction()
    await undone.start()
    await database.execute(before)
    await database.execute("SET LOCAL ROLE joinder_matcher")
    started = time.perf_counter()
    await work(database)
    seconds = time.perf_counter() - started
    await undone.rollback()
    return seconds


async def _bare(database: asyncpg.Connection) -> None:
    await database.execute(queries.AT_LENGTH)
    assert await database.fetchval(_BARE) > 0


async def _full(database: asyncpg.Connection) -> None:
    assert sum([await queries.note_slice(database, each) for each in range(queries.SLICES)]) > 0


async def _new(database: asyncpg.Connection) -> None:
    assert await queries.note_new(database, _LATER, _LATER + 1) > 0
