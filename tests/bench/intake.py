"""Goal: posting in bulk over HTTP against COPY of the same rows into the same tables."""

import io
import time
from dataclasses import dataclass
from typing import Final

from tests.bench import bodies, load
from tests.bench.copies import copy_of
from tests.bench.measure import Goal, median_of
from tests.bench.site import Site, port_of, resident_megabytes

CHUNK: Final = 200
WORKERS: Final = 2
TABLES: Final = ("subjects", "tokens", "sightings")


@dataclass(frozen=True)
class Intake:
    """The goal, and what it did to the workers."""

    goal: Goal
    growth: float
    """Megabytes by which the largest worker grew."""


async def measure(site: Site, *, chunks: int, runs: int) -> Intake:
    """Post `chunks` requests of 200 cases for each of two offices, then COPY what became of it."""
    pool = bodies.elements()
    first = bodies.people(pool, chunks * CHUNK)
    second = bodies.sharing_phones(pool, first)
    tokens = 2 * chunks * CHUNK * bodies.TOKENS_PER_CASE
    ours, bare = [], []
    with site.serving(WORKERS) as service:
        port, idle = port_of(service), resident_megabytes(service)
        streams = [
            _stream(site.token(office), people)
            for office, people in zip(site.offices, (first, second), strict=True)
        ]
        warm = [stream[:1] for stream in streams]
        (await site.drive(port, warm)).require(200)
        for _ in range(runs):
            await site.empty()
            posted = (await site.drive(port, streams)).require(200)
            ours.append(tokens / posted.seconds)
            stored: int = await site.database.fetchval("SELECT count(*) FROM sightings")
            if stored != tokens:
                raise RuntimeError(f"{stored} of {tokens} tokens were stored")
            bare.append(tokens / await _copy(site))
        growth = resident_megabytes(service) - idle
    overlaps = await site.database.fetchval('SELECT count(*) FROM "overlaps"')
    await site.empty()
    goal = Goal(
        name="bulk intake",
        unit="tokens/s",
        ours=median_of(ours),
        baseline=median_of(bare),
        bound="at least",
        must=0.20,
        aim=0.40,
        note=f"{tokens:,} tokens of {2 * chunks * CHUNK:,} cases in requests of {CHUNK} from two "
        f"offices at once to {WORKERS} registry processes, 1 % of tokens shared, {overlaps:,} "
        f"overlaps found, against binary COPY of the same {', '.join(TABLES)} rows",
    )
    return Intake(goal, growth)


def _stream(token: str, people: list[list[str]]) -> list[bytes]:
    return [
        load.request("PUT", "/v1/cases", token, bodies.bulk(people[start : start + CHUNK], start))
        for start in range(0, len(people), CHUNK)
    ]


async def _copy(site: Site) -> float:
    """Return the seconds that COPY of the stored rows takes, its commit included."""
    dumps = []
    for table in TABLES:
        rows = io.BytesIO()
        await site.database.copy_from_table(table, output=rows, format="binary")
        dumps.append((await copy_of(site.database, table), rows))
    started = time.perf_counter()
    async with site.database.transaction():
        for name, rows in dumps:
            rows.seek(0)
            await site.database.copy_to_table(name, source=rows, format="binary")
    seconds = time.perf_counter() - started
    for name, _ in dumps:
        await site.database.execute(f"DROP TABLE {name}")
    return seconds
