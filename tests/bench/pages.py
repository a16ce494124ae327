"""Goal: a page of 20 overlaps against bare Starlette that answers with the same page."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.serving.process import listen
from tests.bench import bodies, load
from tests.bench.measure import Goal, median_of
from tests.bench.site import Site

ITEMS: Final = 20
CONNECTIONS: Final = 16
PATH: Final = f"/v1/overlaps?limit={ITEMS}"


async def measure(site: Site, port: int, *, seconds: float, runs: int) -> Goal:
    """Compare pages per second; the service is one registry process on `port`."""
    await _make_overlaps(site, port)
    await site.database.execute("ANALYZE")  # as autovacuum does within a minute of a change
    request = load.request("GET", PATH, site.token(site.offices[0]))
    (once := await site.drive(port, [[request]])).require(200)
    page = site.here.keys.with_name("page.json")
    page.write_bytes(once.body)
    streams = [[request]] * CONNECTIONS
    ours: list[float] = []
    bare: list[float] = []
    with _bare_app(page) as bare_port:
        for run in range(runs + 1):
            for figures, each in ((ours, port), (bare, bare_port)):
                done = await site.drive(each, streams, seconds)
                if run:  # the first run warms up
                    figures.append(done.require(200).per_second)
    return Goal(
        name="list page",
        unit="pages/s",
        ours=median_of(ours),
        baseline=median_of(bare),
        bound="at least",
        must=0.06,
        aim=0.15,
        note=f"GET {PATH}, {len(once.body):,} bytes, access and disclosure record in one "
        f"transaction, {CONNECTIONS} connections to one process, against bare Starlette that "
        "renders the same JSON",
    )


async def _make_overlaps(site: Site, port: int) -> None:
    """Let both offices post the same people, so that each sees a page of overlaps."""
    people = bodies.people(bodies.elements(), ITEMS)
    for office in site.offices:
        put = load.request("PUT", "/v1/cases", site.token(office), bodies.bulk(people, 900_000))
        (await site.drive(port, [[put]])).require(200)


@contextmanager
def _bare_app(page: Path) -> Iterator[int]:
    with listen("127.0.0.1", 0) as listener:
        command = [sys.executable, "-m", "tests.bench.bare_app", str(listener.fileno()), str(page)]
        process = subprocess.Popen(command, pass_fds=(listener.fileno(),))
        try:
            yield listener.getsockname()[1]
        finally:
            process.terminate()
            process.wait()
