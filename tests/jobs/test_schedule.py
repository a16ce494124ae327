"""When the nightly run is due: PgQueuer's schedule on a real database."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import time, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.models import CronExpressionEntrypoint
from pgqueuer.queries import Queries
from pgqueuer.types import CronEntrypoint, CronExpression
from structlog.testing import capture_logs
from typer.testing import CliRunner

from app.cli.main import app
from app.core.clock import utc_now
from app.jobs import schedule
from app.jobs.nightly import run
from app.jobs.steps import steps
from tests.database import ROOT
from tests.factories import Registry
from tests.wall.acting import acting, office_id

HOUR: Final = (utc_now().hour + 12) % 24
"""Does not come while the tests run, however long that is, and came half a day ago."""
_SCHEDULE: Final = """
INSERT INTO jobs.pgqueuer_schedules (entrypoint, expression, next_run, status, heartbeat)
VALUES ($1, $2, now() - $3::interval, $4, now() - $5::interval)
"""
_RUN: Final = """
INSERT INTO runs (id, state, is_dry, is_whole, as_of, started_at, finished_at)
VALUES (gen_random_uuid(), $1::text, false, $2, now() - $3::interval, now(),
  CASE WHEN $1::text <> 'running' THEN now() END)
"""
_LEFT: Final = """
SELECT status::text, next_run - now() AS due_in FROM jobs.pgqueuer_schedules
WHERE entrypoint = 'night'
"""
_SETTLED: Final = """
SELECT coalesce(bool_or(entrypoint = 'beat' AND last_run IS NOT NULL)
  AND bool_and(status = 'queued' OR updated = created), false) FROM jobs.pgqueuer_schedules
"""
_WAITING: Final = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
_KEPT_BACK: Final = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
CREATE TRIGGER kept_back BEFORE UPDATE ON jobs.pgqueuer_schedules FOR EACH ROW
WHEN (new.next_run < old.next_run) EXECUTE FUNCTION refuse()
"""
NOW: Final = timedelta()
MINUTE: Final = timedelta(minutes=1)
HALF: Final = timedelta(hours=6)
KEEPER: Final = """
import asyncio, sys
from datetime import time
from pgqueuer.queries import Queries
from app.jobs.schedule import keep

fetch = Queries.fetch_schedule

async def telling(*given):
    Queries.fetch_schedule = fetch
    print("ready", flush=True)
    sys.stdin.readline()
    taken = await fetch(*given)
    print("took", len(taken), flush=True)
    return taken

async def main():
    stop = asyncio.Event()

    async def night():
        print("night", flush=True)
        await stop.wait()

    asyncio.get_running_loop().add_reader(sys.stdin, stop.set)
    await keep(sys.argv[1], time(int(sys.argv[2])), night, stop)

Queries.fetch_schedule = telling
asyncio.run(main())
"""


@pytest.fixture
async def database(fresh_database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Yield connections that see behind the service."""
    async with asyncpg.create_pool(fresh_database_url, min_size=1, max_size=3) as pool:
        yield pool


async def put(
    database: asyncpg.Pool,
    *,
    late: timedelta = NOW,
    status: str = "queued",
    heartbeat: timedelta = NOW,
) -> None:
    """Write the row of the night as somebody left it, and one that is due in any case."""
    every_day = f"0 {HOUR} * * *"
    await database.execute(_SCHEDULE, schedule.NIGHT, every_day, late, status, heartbeat)
    await put_beat(database, NOW)


async def put_beat(database: asyncpg.Pool, late: timedelta) -> None:
    await database.execute(_SCHEDULE, schedule.BEAT, "* * * * *", late, "queued", NOW)


async def put_run(
    database: asyncpg.Pool, state: str, ago: timedelta, *, is_whole: bool = True
) -> None:
    await database.execute(_RUN, state, is_whole, ago)


class Night:
    """A night that counts how often it is done, and leaves the record of a run or none."""

    def __init__(
        self,
        database: asyncpg.Pool,
        state: str | None = "succeeded",
        *,
        stops: bool = False,
    ) -> None:
        self._stops = stops
        self.count = 0
        self.stop = asyncio.Event()
        self._database = database
        self._state = state

    async def __call__(self) -> None:
        self.count += 1
        if self._stops:
            self.stop.set()
        if self._state is not None:
            await put_run(self._database, self._state, NOW)

    async def kept(self, url: str) -> tuple[int, str, timedelta]:
        """Keep the schedule until all that was due has been done.

        Returns how often the night was, and of its row the status and in how long it is due.
        """
        keeping = asyncio.create_task(schedule.keep(url, time(HOUR), self, self.stop))
        async with asyncio.timeout(30):
            while not keeping.done() and not await self._database.fetchval(_SETTLED):
                await self._database.execute("SELECT pg_sleep(0.01)")
        self.stop.set()
        await keeping
        left = await self._database.fetchrow(_LEFT)
        assert left is not None
        return self.count, left["status"], left["due_in"]


class TestKeep:
    @pytest.mark.parametrize(
        ("late", "status", "heartbeat", "times"),
        [
            (MINUTE, "queued", NOW, 1),
            (timedelta(days=3), "queued", NOW, 1),  # nobody kept it for days
            (-HALF, "queued", NOW, 0),
            (-HALF, "picked", MINUTE, 1),  # whoever took it died
            (-HALF, "picked", NOW, 0),  # another process is at it
        ],
    )
    async def test_does_what_is_due_once(
        self,
        database: asyncpg.Pool,
        fresh_database_url: str,
        late: timedelta,
        status: str,
        heartbeat: timedelta,
        times: int,
    ) -> None:
        await put(database, late=late, status=status, heartbeat=heartbeat)
        count, left, due_in = await Night(database).kept(fresh_database_url)
        assert count == times
        assert left == ("queued" if times else status)
        assert due_in > HALF - MINUTE

    @pytest.mark.parametrize(
        ("state", "is_whole", "ago", "times"),
        [
            ("succeeded", True, MINUTE, 0),
            ("failed", True, MINUTE, 0),  # its steps that failed are tried again the next night
            ("interrupted", True, MINUTE, 1),
            ("running", True, MINUTE, 1),  # it may be dead: the lock of runs knows
            ("succeeded", False, MINUTE, 1),
            ("succeeded", True, timedelta(hours=23), 1),  # of the night before
        ],
    )
    @pytest.mark.parametrize("is_new", [False, True])
    async def test_does_no_night_that_was_done_already(
        self,
        database: asyncpg.Pool,
        fresh_database_url: str,
        state: str,
        is_whole: bool,  # noqa: FBT001 -- a parameter of the test
        ago: timedelta,
        times: int,
        is_new: bool,  # noqa: FBT001 -- as above
    ) -> None:
        """Nor where the schedule itself is new, as after an upgrade."""
        await put_run(database, state, ago, is_whole=is_whole)
        await (put_beat(database, NOW) if is_new else put(database, late=MINUTE))
        assert (await Night(database).kept(fresh_database_url))[0] == times

    async def test_begins_with_the_next_night_in_a_new_installation(
        self, database: asyncpg.Pool, fresh_database_url: str
    ) -> None:
        await put_beat(database, NOW)
        count, _, due_in = await Night(database).kept(fresh_database_url)
        assert count == 0
        assert due_in > HALF - MINUTE

    @pytest.mark.parametrize("state", [None, "interrupted"])
    async def test_puts_off_a_night_that_did_not_come_to_its_end(
        self, database: asyncpg.Pool, fresh_database_url: str, state: str | None
    ) -> None:
        await put(database, late=MINUTE)
        count, status, due_in = await Night(database, state).kept(fresh_database_url)
        assert (count, status) == (1, "queued")
        assert timedelta(minutes=50) < due_in < timedelta(minutes=61)

    async def test_leaves_one_that_was_stopped_to_whoever_keeps_it_next(
        self, database: asyncpg.Pool, fresh_database_url: str
    ) -> None:
        await put(database, late=MINUTE)
        stopped = Night(database, "interrupted", stops=True)
        assert (await stopped.kept(fresh_database_url))[:2] == (1, "queued")
        await database.execute("DELETE FROM jobs.pgqueuer_schedules WHERE entrypoint = 'beat'")
        await put_beat(database, NOW)
        count, _, due_in = await Night(database).kept(fresh_database_url)
        assert count == 1
        assert due_in > HALF - MINUTE

    async def test_goes_on_after_a_night_that_fails(
        self, database: asyncpg.Pool, fresh_database_url: str
    ) -> None:
        await put(database, late=MINUTE)
        count, status, due_in = await Night(database, "no such state").kept(fresh_database_url)
        assert (count, status) == (1, "queued")
        assert timedelta(minutes=50) < due_in < timedelta(minutes=61)

    async def test_releases_no_night_that_it_cannot_put_off(
        self, database: asyncpg.Pool, fresh_database_url: str
    ) -> None:
        """Else it would be lost for a day; a row that is taken and kept no more is taken anew."""
        await put(database, late=MINUTE)
        await database.execute(_KEPT_BACK)
        stopped = Night(database, "interrupted", stops=True)
        assert (await stopped.kept(fresh_database_url))[:2] == (1, "picked")

    async def test_goes_on_beside_a_night_when_the_database_comes_back(
        self, database: asyncpg.Pool
    ) -> None:
        """It would end only with the night, and nobody keep the schedule until then."""
        rows = schedule._Rows(database)
        beat = CronExpressionEntrypoint(CronEntrypoint(schedule.BEAT), CronExpression("* * * * *"))
        await database.execute("ALTER SCHEMA jobs RENAME TO away")
        with pytest.raises(asyncpg.PostgresError):
            await rows.fetch_schedule({beat: timedelta()})
        rows.undone[1] = timedelta()  # of a night
        with capture_logs() as logs:
            assert await rows.fetch_schedule({beat: timedelta()}) == []
        assert [each["event"] for each in logs] == ["schedule_away"]
        await database.execute("ALTER SCHEMA away RENAME TO jobs")
        (due,) = await rows.fetch_schedule({beat: timedelta()})
        assert due.entrypoint == schedule.BEAT

    async def test_puts_back_what_somebody_deleted(
        self, database: asyncpg.Pool, fresh_database_url: str
    ) -> None:
        """While it runs, not at its start alone."""
        await put_run(database, "succeeded", timedelta(days=2))
        names = schedule.NIGHT, schedule.BEAT
        both = {key_of(name): timedelta(minutes=1) for name in names}
        async with schedule._connections(fresh_database_url) as pool:
            rows = schedule._Rows(pool)
            assert [each.entrypoint for each in await rows.fetch_schedule(both)] == [schedule.NIGHT]
            await database.execute("DELETE FROM jobs.pgqueuer_schedules")
            assert [each.entrypoint for each in await rows.fetch_schedule(both)] == [schedule.NIGHT]
        assert await database.fetchval("SELECT count(*) FROM jobs.pgqueuer_schedules") == 2


def key_of(name: str) -> CronExpressionEntrypoint:
    return CronExpressionEntrypoint(CronEntrypoint(name), CronExpression("* * * * *"))


class TestKeepers:
    async def test_of_two_processes_one_takes_what_is_due(
        self, database: asyncpg.Pool, fresh_database_url: str
    ) -> None:
        """Both are about to: what each asks of the database waits for one lock of the table."""
        await put(database, late=MINUTE)
        command = sys.executable, "-c", KEEPER, fresh_database_url, str(HOUR)
        pipe = asyncio.subprocess.PIPE
        keepers = [
            await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe)
            for _ in range(2)
        ]
        async with asyncio.timeout(60):
            for each in keepers:
                assert await line(each) == "ready"
            async with acting(fresh_database_url, "joinder_owner") as holder:
                await holder.execute("LOCK TABLE jobs.pgqueuer_schedules IN EXCLUSIVE MODE")
                for each in keepers:
                    assert each.stdin is not None
                    each.stdin.write(b"\n")
                while await database.fetchval(_WAITING) < len(keepers):
                    await database.execute("SELECT pg_sleep(0.01)")
            taken = [await line(each) for each in keepers]
            rest = [(await each.communicate(b""))[0].decode() for each in keepers]
        assert [each.returncode for each in keepers] == [0, 0]
        assert sum(int(each.removeprefix("took ")) for each in taken) == 2
        assert "".join(rest).count("night") == 1


async def line(process: asyncio.subprocess.Process) -> str:
    """Return the next line that a process prints."""
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


class TestTables:
    async def test_are_those_of_this_release_of_pgqueuer(self, database: asyncpg.Pool) -> None:
        """Else a migration is due: `pgq upgrade --plan` says the same."""
        names = schedule._Names(db_schema="jobs")
        plan = await Queries(
            AsyncpgPoolDriver(database), QueryBuilderEnvironment(names)
        ).plan_upgrade()
        assert plan.statements == ()

    async def test_are_named_by_no_variable_of_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PGQUEUER_PREFIX", "other_")
        monkeypatch.setenv("DURABILITY", "what another program means by it")
        assert (
            schedule._Names(db_schema="jobs").qualified.schedules_table == "jobs.pgqueuer_schedules"
        )


class TestHealth:
    @pytest.fixture
    def alarm(self, registry: Registry) -> Callable[[], Awaitable[int]]:
        """Return what takes the step of the nightly run; it returns how many it told of."""
        only = [each for each in steps(registry.app.state.intake) if each.name == "schedule.alarm"]

        async def alarm() -> int:
            (done,) = await run(registry.operator, only, as_of=utc_now())
            assert done.state == "succeeded", done
            return done.count

        return alarm

    async def test_alarms_in_each_run_of_what_nobody_takes(
        self, database: asyncpg.Pool, alarm: Callable[[], Awaitable[int]]
    ) -> None:
        assert await alarm() == 0  # no schedule at all: cron starts the runs
        await put_beat(database, timedelta(minutes=50))
        assert await alarm() == 0
        await move(database, "1 hour")
        assert await alarm() == 1
        assert await alarm() == 0
        await move(database, "1 day")
        assert await alarm() == 1
        entries = "SELECT count(*) FROM audit_entries WHERE action = 'schedule.late'"
        assert await database.fetchval(entries) == 2
        await move(database, "3 days")  # one that is kept no more is alarmed of before it is gone
        assert await alarm() == 1
        assert await database.fetchval("SELECT count(*) FROM jobs.pgqueuer_schedules") == 1
        await move(database, "30 days")
        assert await alarm() == 1
        assert await database.fetchval("SELECT count(*) FROM jobs.pgqueuer_schedules") == 0

    async def test_is_no_worse_for_another_time_of_day_that_is_kept_no_more(
        self, database: asyncpg.Pool, alarm: Callable[[], Awaitable[int]]
    ) -> None:
        await put(database, late=-HALF)
        await database.execute(_SCHEDULE, "night", "1 1 1 1 1", timedelta(hours=9), "queued", NOW)
        assert await alarm() == 0

    async def test_is_told_to_the_operator(
        self,
        database: asyncpg.Pool,
        fresh_database_url: str,
        keys_directory: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("JOINDER_DATABASE_URL", fresh_database_url)
        monkeypatch.setenv("JOINDER_KEYS", str(keys_directory))
        await put(database, late=-HALF)
        well = await asyncio.to_thread(CliRunner().invoke, app, ["outbox"])
        assert well.exit_code == 0, well.output
        await move(database, "11 minutes")
        bad = await asyncio.to_thread(CliRunner().invoke, app, ["outbox"])
        assert bad.exit_code == 1
        assert re.search(r"^schedule\t1\t2\d{3}-\S+ \S+\t0$", bad.output, re.MULTILINE)


class TestNights:
    async def test_that_do_not_come_are_told_to_who_asks_whether_it_is_ready(
        self, registry: Registry, fresh_database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever starts them, and of whatever they die; it answers requests all the same."""
        monkeypatch.setenv("JOINDER_DATABASE_URL", fresh_database_url)

        async def nights() -> str:
            ready = await registry.http().get("/readyz")
            assert (ready.status_code, ready.json()["status"]) == (200, "ready")
            return str(ready.json()["nights"])

        async def age(table: str, column: str, hours: float) -> None:
            await registry.rows(
                f"UPDATE {table} SET {column} = now() - interval '1 hour' * :hours RETURNING 1",  # noqa: S608 -- ours
                hours=hours,
            )

        async def night(**options: Any) -> None:
            await run(registry.operator, [], **{"as_of": utc_now(), **options})

        assert await nights() == "on_time"
        office = await registry.add_office("CA-0000022")
        assert await nights() == "on_time"
        await age("offices", "created_at", 26.1)
        assert await nights() == "late"
        told = await asyncio.to_thread(CliRunner().invoke, app, ["outbox"])
        assert told.exit_code == 0, "by six minutes"
        await age("offices", "created_at", 27)
        told = await asyncio.to_thread(CliRunner().invoke, app, ["outbox"])
        assert told.exit_code == 1
        assert re.search(r"^nights\t1\t2\d{3}-\S+ \S+\t0$", told.output, re.MULTILINE)
        await night(is_dry=True)
        await night(is_whole=False)
        await night(office_id=await office_id(registry, office))
        await night(as_of=utc_now() - timedelta(days=2))
        assert await nights() == "late", "none of these did all of a night"
        await night()
        assert await nights() == "on_time"
        await age("runs", "as_of", 27)
        assert await nights() == "late"
        await age("runs", "as_of", 25)
        assert await nights() == "on_time"
        await registry.rows(
            "INSERT INTO runs (id, state, is_dry, is_whole, as_of, started_at)"
            " VALUES (gen_random_uuid(), 'running', false, true, now(), now()) RETURNING 1"
        )
        for hours, expected in ((49, "on_time"), (51, "late")):
            await registry.rows(
                "UPDATE runs SET as_of = now() - interval '1 hour' * :hours"
                " WHERE state <> 'running' RETURNING 1",
                hours=hours,
            )
            assert await nights() == expected, "nor of those that are killed each night"
        await registry.rows(
            "UPDATE runs SET state = 'interrupted', finished_at = now() RETURNING 1"
        )
        assert await nights() == "late"


async def move(database: asyncpg.Pool, later: str) -> None:
    """Let so much time pass for all rows of the schedule."""
    await database.execute(
        "UPDATE jobs.pgqueuer_schedules SET updated = updated - CAST($1::text AS interval),"
        " next_run = next_run - CAST($1::text AS interval)",
        later,
    )
