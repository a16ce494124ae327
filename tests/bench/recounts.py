"""Goals: a recount of all overlaps beside bare SQL and DuckDB, and of what a night brings."""

import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from math import log10
from pathlib import Path
from typing import Final, NamedTuple

import asyncpg

from app.recounting import queries
from app.recounting.service import find_new
from tests.bench import duck
from tests.bench.filler import missed
from tests.bench.measure import Goal, median_of
from tests.bench.site import Site

NEW_SHARE: Final = 100
"""One in so many subjects counts as new."""

_PAGE: Final = 5_000
"""Overlaps, and subjects, of one part of the nightly step."""

_LATER: Final = 1 << 60
"""A transaction that has not been."""

_MET: Final = """
WITH met AS MATERIALIZED (
  SELECT token FROM sightings GROUP BY token HAVING min(office_id) <> max(office_id))
"""
_PAIRS: Final = """
SELECT count(*) FROM (
  SELECT DISTINCT least(a.case_id, b.case_id), greatest(a.case_id, b.case_id)
  FROM {holders}
  JOIN sightings h ON h.token = g.token AND h.office_id > g.office_id
  JOIN subjects a ON a.id = g.subject_id JOIN subjects b ON b.id = h.subject_id) AS p
"""
_TWO_STEPS: Final = _MET + _PAIRS.format(holders="met m JOIN sightings g ON g.token = m.token")
# PERFORMANCE: what counts the pairs and neither knows nor stores any; which is best, sizes decide
_BARE: Final = {
    "hashed": ("SELECT 1", _TWO_STEPS),
    "grouped in order": (queries.IN_ORDER, _TWO_STEPS),
    "merged": (
        "SELECT set_config(unnest(ARRAY['enable_hashjoin', 'enable_sort']), 'off', true)",
        _PAIRS.format(holders="sightings g"),
    ),
}
_FREE: Final = """
SELECT set_config('statement_timeout', '600s', true), set_config('work_mem', '64MB', true),
  set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', $1, true)
"""
_RENEW: Final = f"""
UPDATE subjects SET written_in = {_LATER}
WHERE id >= (SELECT max(id) - count(*) / {NEW_SHARE} + 1 FROM subjects)
"""  # noqa: S608 -- constants only
_AGE: Final = f"UPDATE subjects SET written_in = 0 WHERE written_in = {_LATER}"  # noqa: S608 -- as above


class Times(NamedTuple):
    """Medians in seconds at one size."""

    full: float
    """Of finding all pairs."""
    bare: float
    """Of the form that was fastest."""
    form: str
    new: float
    """Of finding those of the newest subjects."""
    megabytes: float
    """Largest resident set of the command that recounts in full."""


async def times(site: Site, sightings: int, *, runs: int) -> Times:
    """Recount the filler's `sightings` in full, and the newest hundredth of their subjects."""
    full: list[float] = []
    new: list[float] = []
    bare: dict[str, list[float]] = {form: [] for form in _BARE}
    newest = missed(sightings) - missed(sightings - sightings // NEW_SHARE)
    await site.database.execute(_RENEW)
    async with site.connected() as database, site.connected() as beside:
        for _ in range(runs):
            for form in _BARE:
                bare[form].append(await _timed(database, partial(_bare, form)))
            full.append(await _timed(database, _full, finds=missed(sightings)))
            new.append(await _timed(database, partial(_new, beside), finds=newest))
    await site.database.execute(_AGE)
    form = min(bare, key=lambda each: median_of(bare[each]))
    megabytes = _nightly(site)
    await site.database.execute("TRUNCATE recount_pairs, recounts")
    return Times(median_of(full), median_of(bare[form]), form, median_of(new), megabytes)


async def measure(site: Site, base: Times, sightings: int, *, runs: int) -> list[Goal]:
    """Measure again at `sightings`, ten times those of `base`, and beside DuckDB."""
    found = await times(site, sightings, runs=runs)
    pairs = await site.database.fetchval(_TWO_STEPS)  # the filler's, and those of the posts
    other = await duck.seconds(site.database, pairs=pairs, runs=runs)
    each = found.new * 1e6 / (sightings / NEW_SHARE)
    what = f"pairs of cases that share a token, without those known, noted; {sightings:,} sightings"
    return [
        Goal("full recount", "s", found.full, found.bare, "at most", 1.3, 1.1,
             f"{what}; against the fastest of {len(_BARE)} bare statements that only count the "
             f"pairs ({found.form})"),
        Goal("full recount beside DuckDB", "s", found.full, other, "at most", 2.0, 1.5,
             f"{what}; against DuckDB counting them from Parquet, on as many threads as cores"),
        Goal("recount growth", "s", found.full, base.full, "at most", 10**1.15, 10**1.05,
             f"in full, {sightings:,} sightings against {sightings // 10:,}: an exponent of "
             f"{log10(found.full / base.full):.2f}, of 1.15 at most; the larger may use a second "
             "process of the server"),
        Goal("recount memory", "MB", found.megabytes, None, "at most", 150, 100,
             f"largest resident set of `joinder nightly --full --step overlaps.recount`; "
             f"{base.megabytes:.0f} MB at a tenth of the sightings"),
        Goal("recount of new", "us", each, None, "at most", 6, 3,
             f"per sighting, of the newest {100 / NEW_SHARE:g} % of {sightings:,}"),
        Goal("recount of new, share", "s", found.new, found.full, "at most", 0.1, 0.08,
             f"the newest {100 / NEW_SHARE:g} % against all"),
    ]  # fmt: skip


async def _timed(
    database: asyncpg.Connection,
    work: Callable[[asyncpg.Connection], Awaitable[int]],
    *,
    finds: int | None = None,
) -> float:
    """Return the seconds of `work`, which is undone."""
    undone = database.transaction()
    await undone.start()
    await database.execute("SET LOCAL ROLE joinder_matcher")
    started = time.perf_counter()
    found = await work(database)
    seconds = time.perf_counter() - started
    await undone.rollback()
    assert finds in {None, found}, (finds, found)
    return seconds


async def _bare(form: str, database: asyncpg.Connection) -> int:
    settings, statement = _BARE[form]
    await database.execute(_FREE, "on" if form == "hashed" else "off")
    await database.execute(settings)
    found: int = await database.fetchval(statement)
    return found


async def _full(database: asyncpg.Connection) -> int:
    noted = 0
    for first in range(0, queries.SLICES, queries.SLICES_AT_ONCE):
        found = await queries.find_in_slices(database, first)
        await queries.note(database, found)
        noted += len(found)
    return noted


async def _new(beside: asyncpg.Connection, database: asyncpg.Connection) -> int:
    assert await queries.get_end_of_batch(database, _LATER, _LATER + 1, _PAGE) == _LATER + 1
    async with beside.transaction(readonly=True):
        await beside.execute("SET LOCAL ROLE joinder_matcher")
        found = await find_new(database, beside, _LATER, _LATER + 1, queries.AT_MOST)
    await queries.note(database, found)
    return len(found)


def _nightly(site: Site) -> float:
    """Recount in full by the command, and return its largest resident set in MB."""
    here = {"JOINDER_DATABASE_URL": site.here.database_url, "JOINDER_KEYS": str(site.here.keys)}
    command = "nightly", "--full", "--step", "overlaps.recount"
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli.main", *command],
        env={**os.environ, **here},
        stdout=subprocess.DEVNULL,
    )
    largest = 0.0
    while process.poll() is None:  # not of wait4: that counts what we had when it was forked
        with suppress(FileNotFoundError, IndexError):
            status = Path(f"/proc/{process.pid}/status").read_text()
            largest = int(status.partition("VmHWM:")[2].split()[0]) / 1024
        time.sleep(0.02)
    assert process.returncode == 0
    return largest
