"""Nightly runs that are killed, repeated and started side by side leave what one whole run leaves.

python -m tests.campaigns.nights --kills 20 --cases 6

Two databases with the same cases, some past their review date, some withdrawn long ago. In one the
nightly command runs once; in the other it is killed (SIGKILL) at random moments of the time that
one took, then three are started at once, and one after them. Compared is all that either leaves,
but for times and ids.
"""

import argparse
import asyncio
import os
import random
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg

from app.serving.keys import create_keys
from tests.blinding import SEED, case
from tests.database import Template, serving
from tests.factories import Registry
from tests.scenes import make_offices, phone, someone

CASES: Final = 6
UNDER_WAY: Final = 75
SIDE_BY_SIDE: Final = 3

_DUE: Final = (
    "UPDATE cases SET review_on = current_date - 1 WHERE id % 3 = 0",
    "UPDATE cases SET withdrawn_at = now() - interval '100 days' WHERE withdrawn_at IS NOT NULL",
    'DELETE FROM "overlaps" WHERE id = (SELECT min(id::text)::uuid FROM "overlaps")',
    "UPDATE tokens SET subjects = subjects + 1 WHERE ctid = (SELECT max(ctid) FROM tokens)",
    "UPDATE cases SET review_on = current_date + 20 WHERE id % 3 = 1",
    "UPDATE \"overlaps\" SET found_at = found_at - interval '40 days'",
    "UPDATE client_credentials SET expires_on = current_date + 5",
)
EFFECT: Final = {
    "cases": "SELECT id, withdrawn_at IS NULL, version FROM cases",
    "purged": "SELECT case_id, office_id, reason FROM purged_cases",
    "overlaps": "SELECT low_case_id, high_case_id, band, strength, findings::text, version,"
    ' retract_reason FROM "overlaps"',
    "tokens": "SELECT token, subjects, offices FROM tokens",
    "sightings": "SELECT s.token, o.case_id, o.ref FROM sightings s"
    " JOIN subjects o ON o.id = s.subject_id",
    "holders": "SELECT office_id, is_hidden, count(*) FROM subjects GROUP BY 1, 2",
    "pending": "SELECT low_case_id, high_case_id FROM pending_pairs",
    "stuck": "SELECT case_id, attempts, error FROM stuck_cases",
    "sides": "SELECT s.office_id, s.case_id, s.other_case_id FROM overlap_sides s",
    "left": "SELECT low_case_id, high_case_id FROM recount_pairs",
    "audit": "SELECT action, object, detail::text FROM audit_entries"
    " WHERE actor IN ('nightly', 'matching') AND action NOT LIKE 'overlap.%'",
    "changed": "SELECT action, count(*) FROM audit_entries WHERE action LIKE 'overlap.%'"
    " GROUP BY action",
    "events": "SELECT office_id, type, case_id, count(*) FROM events GROUP BY 1, 2, 3",
}
"""What a run leaves, by name: rows to compare as a set."""
OF_RUNS: Final = ["runs", "run_steps", "run_offices", "recounts", "sealing_keys"]
"""Of runs and their processes; the number of rows of all other tables is the same."""


async def fill(url: str, keys: Path, count: int = CASES) -> None:
    """Post the same `count` cases of three offices, and let some be due."""
    async with Registry.started(url, keys) as registry:
        offices = await make_offices(registry, 3)
        for number in range(count):
            subject = someone(phones=(phone(),))
            for office in offices:
                answer = await office.put_case(f"24-{number}", case(subject))
                assert answer.status_code == 201, answer.text
        for number in range(2):
            await offices[number].http.delete(f"/v1/cases/cms/24-{number}")
        for statement in _DUE:
            await registry.rows(f"{statement} RETURNING 1")


async def effect(url: str) -> dict[str, list[Any]]:
    """Return what the database holds, in an order of its own."""
    connection = await asyncpg.connect(url)
    found: dict[str, list[Any]] = {
        name: sorted(repr(tuple(row)) for row in await connection.fetch(sql))
        for name, sql in EFFECT.items()
    }
    tables = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind = 'r' AND relname <> ALL ($1::text[])",
        OF_RUNS,
    )
    for (table,) in tables:
        rows = await connection.fetchval(f'SELECT count(*) FROM "{table}"')  # noqa: S608 -- of the catalog
        found[f"rows of {table}"] = [rows]
    await connection.close()
    return found


def start(url: str, keys: Path) -> "subprocess.Popen[bytes]":
    """Start the nightly command."""
    environment = {**os.environ, "JOINDER_DATABASE_URL": url, "JOINDER_KEYS": str(keys)}
    return subprocess.Popen(
        [sys.executable, "-c", "from app.cli.main import app; app()", "nightly", "--full"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


async def begun(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a run is under way, or the process has ended."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "UPDATE runs SET state = 'interrupted', finished_at = now() WHERE state = 'running'"
    )
    is_seen = None
    while not is_seen and process.poll() is None:
        is_seen = await connection.fetchval(
            "SELECT true FROM pg_sleep(0.01), runs WHERE state = 'running'"
        )
    await connection.close()


def kill(url: str, keys: Path, seconds: float) -> bool:
    """Start a run and kill it so many seconds after it began; return whether it was under way."""
    process = start(url, keys)
    asyncio.run(begun(url, process))
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    is_hit = process.poll() is None
    process.kill()
    process.wait()
    return is_hit


@contextmanager
def copy(url: str) -> Iterator[str]:
    """Yield the URL of a copy of a database that nobody is connected to."""
    parts = urlsplit(url)
    name = f"{parts.path[1:]}_{secrets.token_hex(4)}"
    copied = parts._replace(path=f"/{name}").geturl()
    other = parts._replace(path="/postgres").geturl()
    asyncio.run(execute(other, f'CREATE DATABASE "{name}" TEMPLATE "{parts.path[1:]}"'))
    yield copied
    asyncio.run(execute(other, f'DROP DATABASE "{name}" WITH (FORCE)'))


async def execute(url: str, statement: str) -> None:
    """Run one statement on a connection of its own."""
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


def campaign(filled: str, keys: Path, kills: int, seed: int = 1) -> int:
    """Return how many kills met a run under way; the effects of both ways must be the same.

    Args:
        filled: A database that `fill` filled and that nobody is connected to.
        keys: Its keys.
        kills: How often to start a run and kill it.
        seed: Of the moments.
    """
    pick = random.Random(seed)
    with copy(filled) as once, copy(filled) as often:
        whole = start(once, keys)
        asyncio.run(begun(once, whole))
        began = monotonic()
        assert whole.wait() == 0
        took = monotonic() - began
        hit = sum(kill(often, keys, pick.uniform(0, took)) for _ in range(kills))
        codes = {each.wait() for each in [start(often, keys) for _ in range(SIDE_BY_SIDE)]}
        assert codes <= {0, UNDER_WAY}, codes
        assert start(often, keys).wait() == 0
        expected, found = asyncio.run(effect(once)), asyncio.run(effect(often))
    wrong = [name for name in expected if expected[name] != found[name]]
    assert not wrong, {name: (expected[name], found[name]) for name in wrong}
    for table in ("purged_cases", "lapse_notices", "reminders"):
        assert expected[f"rows of {table}"] > [0], table
    return hit


def main() -> int:
    """Run the campaign on a server of its own; fails when an effect differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--cases", type=int, default=CASES, help="of each of three offices")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, serving(secrets.token_hex(8)) as server_url:
        keys = Path(home) / "keys"
        create_keys(keys, seed=SEED)
        template = Template(server_url)
        with template.clone() as url:
            asyncio.run(fill(url, keys, chosen.cases))
            hit = campaign(url, keys, chosen.kills, chosen.seed)
        template.drop()
    print(f"nights: {chosen.kills} kills, {hit} of them during a run: one effect")
    return 0


if __name__ == "__main__":
    sys.exit(main())
