"""Goals: a recount of all overlaps beside bare SQL and DuckDB, and of what a night brings."""

import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import log10
from pathlib import Path
from typing import Final, NamedTuple

import asyncpg

from app.frequencies import queries as frequencies
from app.recounting import queries
from app.recounting.service import COUNTED_AT_ONCE
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


class Times(NamedTuple):
    """Medians in seconds at one size."""

    full: float
    """Of finding all pairs."""
    bare: float
    """Of the form that was fastest."""
    form: str
    whole: float
    """Of all that the nightly step does in full, which counts who holds each token and goes
    through the overlaps that stand, too."""
    new: float
    """Of all that it does of the newest, which is to find their pairs."""
    megabytes: float
    """Largest resident set of the command that recounts in full."""


async def times(site: Site, sightings: int, *, runs: int) -> Times:
    """Recount the filler's `sightings` in full, and the newest hundredth of their subjects."""
    full: list[float] = []
    whole: list[float] = []
    new: list[float] = []
    bare: dict[str, list[float]] = {form: [] for form in _BARE}
    newest = missed(sightings) - missed(sightings - sightings // NEW_SHARE)
    async with site.connected() as database:
        for _ in range(runs):
            for form in _BARE:
                bare[form].append(await _timed(database, lambda each, form=form: _bare(each, form)))  # type: ignore[misc]  # mypy does not infer a lambda with a default
            full.append(await _timed(database, _full, finds=missed(sightings)))
            new.append(await _timed(database, _new, finds=newest, before=_RENEW))
            whole.append(await _timed(database, _whole, finds=missed(sightings)))
    form = min(bare, key=lambda each: median_of(bare[each]))
    megabytes = _nightly(site)
    await site.database.execute("TRUNCATE recount_pairs, recounts")
    middle = [median_of(each) for each in (full, bare[form], whole, new)]
    return Times(middle[0], middle[1], form, middle[2], middle[3], megabytes)


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
        Goal("recount of new, share", "s", found.new, found.whole, "at most", 0.1, 0.08,
             f"the newest {100 / NEW_SHARE:g} % against all that a recount does in full: it counts "
             "the holders of each token and goes through the overlaps, too"),
        Goal("recount of new, pairs", "s", found.new, found.full, "at most", 0.15, 0.1,
             f"the newest {100 / NEW_SHARE:g} % against finding the pairs alone, in full"),
    ]  # fmt: skip


async def _timed(
    database: asyncpg.Connection,
    work: Callable[[asyncpg.Connection], Awaitable[int]],
    *,
    finds: int | None = None,
    before: str = "SELECT 1",
) -> float:
    """Return the seconds of `work`, which is undone."""
    undone = database.transaction()
    await undone.start()
    await database.execute(before)
    await database.execute("SET LOCAL ROLE joinder_matcher")
    started = time.perf_counter()
    found = await work(database)
    seconds = time.perf_counter() - started
    await undone.rollback()
    assert finds in {None, found}, (finds, found)
    return seconds


async def _bare(database: asyncpg.Connection, form: str) -> int:
    settings, statement = _BARE[form]
    await database.execute(_FREE, "on" if form == "hashed" else "off")
    await database.execute(settings)
    found: int = await database.fetchval(statement)
    return found


async def _full(database: asyncpg.Connection) -> int:
    firsts = range(0, queries.SLICES, queries.SLICES_AT_ONCE)
    return sum([await queries.note_slices(database, each) for each in firsts])


async def _whole(database: asyncpg.Connection) -> int:
    """Do what `recounting.service.note_pairs` does of a full recount from beginning to end."""
    for number in range(0, queries.SLICES, COUNTED_AT_ONCE):
        start, end = queries.slices(number, COUNTED_AT_ONCE)
        wrong = await frequencies.list_wrong(database, start, end, queries.AT_MOST)
        assert wrong == ([], []), number
    found = await _full(database)
    last = await queries.note_standing(database, None, _PAGE)
    while last:
        last = await queries.note_standing(database, last, _PAGE)
    return found


async def _new(database: asyncpg.Connection) -> int:
    assert await queries.get_end_of_batch(database, _LATER, _LATER + 1, _PAGE) == _LATER + 1
    return await queries.note_new(database, _LATER, _LATER + 1)


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
