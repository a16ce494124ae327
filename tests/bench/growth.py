"""Goal: the SQL of detection hardly slows when the tables are ten times larger."""

import random
import time
from typing import Final

import asyncpg

from app.overlaps import queries
from tests.bench.filler import grow, token
from tests.bench.measure import Goal, median_of
from tests.bench.site import Site

TOKENS: Final = 20
FACTOR: Final = 10


async def median_seconds(site: Site, sightings: int, *, posts: int, runs: int) -> float:
    """Return what locking and matching 20 tokens takes, half of them held by other offices."""
    office: int = await site.database.fetchval(
        "SELECT id FROM offices WHERE code = $1", site.offices[0].code
    )
    figures = []
    async with site.connected() as database:
        for run in range(runs + 1):
            seconds = [await _detect(database, office, sightings) for _ in range(posts)]
            if run:  # the first run warms up
                figures.append(median_of(seconds))
    return median_of(figures)


async def _detect(database: asyncpg.Connection, office: int, sightings: int) -> float:
    numbers = [random.randrange(1, sightings, 2) for _ in range(TOKENS // 2)]
    numbers += [random.randrange(10**12, 10**13) for _ in range(TOKENS // 2)]
    tokens = sorted({token(number) for number in numbers})
    transaction = database.transaction()
    await transaction.start()
    started = time.perf_counter()
    locked = await queries.lock_tokens(
        database, [(each, 1, 1, 0) for each in tokens], match_spec=1, epoch=1
    )
    shared = [each for each, row in locked.items() if not row.is_fresh]
    await queries.meet(database, office, [], shared, shared, [])
    seconds = time.perf_counter() - started
    await transaction.rollback()
    return seconds


async def measure(site: Site, base: float, sightings: int, *, posts: int, runs: int) -> Goal:
    """Fill the tables from `sightings` to ten times as many and compare with `base` seconds."""
    await grow(site.database, sightings, sightings * FACTOR)
    larger = await median_seconds(site, sightings * FACTOR, posts=posts, runs=runs)
    return Goal(
        name="detection growth",
        unit="ms",
        ours=larger * 1000,
        baseline=base * 1000,
        bound="at most",
        must=2.0,
        aim=1.3,
        note=f"lock and match {TOKENS} tokens, half of them held, at {sightings * FACTOR:,} "
        f"sightings against {sightings:,}; medians of {posts} posts",
    )
