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
from tests.wall.estate import make_estate

CASES: Final = 6
UNDER_WAY: Final = 75
SIDE_BY_SIDE: Final = 3
MOST_TRIED: Final = 4
"""Runs to start for each kill: some end before their moment comes."""

_DUE: Final = (
    "UPDATE cases SET review_on = current_date - 1 WHERE id % 3 = 0",
    "UPDATE cases SET withdrawn_at = now() - interval '100 days' WHERE withdrawn_at IS NOT NULL",
    'DELETE FROM "overlaps" WHERE id = (SELECT min(id::text)::uuid FROM "overlaps")',
    "UPDATE tokens SET subjects = subjects + 1 WHERE ctid = (SELECT max(ctid) FROM tokens)",
    "UPDATE cases SET review_on = current_date + 20 WHERE id % 3 = 1",
    "UPDATE \"overlaps\" SET found_at = found_at - interval '40 days'",
    "UPDATE client_credentials SET expires_on = current_date + 5",
    "UPDATE handling_requests SET due_at = now() - interval '1 day' WHERE ended_at IS NULL",
    (
        "UPDATE contact_requests SET requested_at = requested_at - interval '30 days',"
        " expires_at = expires_at - interval '30 days'"
    ),
    "UPDATE infusion_questions SET expires_at = now() - interval '1 day'",
    (
        "INSERT INTO readings (case_id, owner_office_id, overlap_id, office_id, office_case_id,"
        " actor, reader, roles, rung, reason, read_at, logged_at)"
        " SELECT 1, 1, gen_random_uuid(), 1, 1, 'test', 'person', '{}', 3, 'plea', now(),"
        " now() - interval '1 day' FROM generate_series(1, 101)"
    ),
    (
        "INSERT INTO notice_settings (person_id, office_id, muted, read_written_in, read_number,"
        " mail, address, mail_written_in, mail_due_at)"
        " SELECT id, office_id, '{}', 0, 0, 'daily', 'someone@example.com', 0, now() FROM persons"
    ),
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
    "audit": "SELECT action, CASE action WHEN 'alarm.raised' THEN '' ELSE object END,"
    " (detail::jsonb - 'at')::text FROM audit_entries"
    " WHERE actor IN ('nightly', 'matching') AND action NOT LIKE 'overlap.%'",
    "changed": "SELECT action, count(*) FROM audit_entries WHERE action LIKE 'overlap.%'"
    " GROUP BY action",
    "requests": "SELECT id, status, version FROM handling_requests",
    "contacts": "SELECT id, status, version FROM contact_requests",
    "questions": "SELECT id, status FROM infusion_questions",
    "looks": "SELECT office_id, overlap_id, state FROM second_looks",
    "notices": "SELECT office_id, what, key, ends_on, stage FROM lapse_notices",
    "reminders": "SELECT office_id, overlap_id, step, level, round FROM reminders",
    "alarms": "SELECT office_id, kind, finding, count FROM alarms",
    "sheets": "SELECT state, committee_id, counts::text FROM agendas",
    "figures": "SELECT state, measure, breakdown, figures::text FROM insights",
    "mails": "SELECT person_id, state FROM mails",
    "events": "SELECT office_id, type, case_id, request_id, count(*) FROM events"
    " GROUP BY 1, 2, 3, 4",
}
"""What a run leaves, by name: rows to compare as a set."""
OF_RUNS: Final = ["runs", "run_steps", "run_offices", "recounts", "sealing_keys"]
"""Of runs and their processes; the number of rows of all other tables is the same."""


async def fill(url: str, keys: Path, count: int = CASES) -> None:
    """Post the same `count` cases of three offices, beside one of everything; let some be due."""
    async with Registry.started(url, keys) as registry:
        await make_estate(registry)
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
    """Return how many runs it took for so many kills; the effects of both ways must be the same.

    Args:
        filled: A database that `fill` filled and that nobody is connected to.
        keys: Its keys.
        kills: How often to kill a run that is under way; one that ended before does not count.
        seed: Of the moments.
    """
    pick = random.Random(seed)
    with copy(filled) as once, copy(filled) as often:
        whole = start(once, keys)
        asyncio.run(begun(once, whole))
        began = monotonic()
        assert whole.wait() == 0
        took = monotonic() - began
        hit = tried = 0
        while hit < kills:
            assert tried < MOST_TRIED * kills, f"{hit} of {tried} were under way"
            hit, tried = hit + kill(often, keys, pick.uniform(0, took)), tried + 1
        codes = {each.wait() for each in [start(often, keys) for _ in range(SIDE_BY_SIDE)]}
        assert codes <= {0, UNDER_WAY}, codes
        assert start(often, keys).wait() == 0
        expected, found = asyncio.run(effect(once)), asyncio.run(effect(often))
    wrong = [name for name in expected if expected[name] != found[name]]
    assert not wrong, {name: (expected[name], found[name]) for name in wrong}
    for table in ("purged_cases", "lapse_notices", "reminders", "alarms", "mails", "agendas"):
        assert expected[f"rows of {table}"] > [0], table
    return tried


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
            tried = campaign(url, keys, chosen.kills, chosen.seed)
        template.drop()
    print(f"nights: {chosen.kills} kills in {tried} runs: one effect")
    return 0


if __name__ == "__main__":
    sys.exit(main())
