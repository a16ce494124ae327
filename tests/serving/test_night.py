"""The nightly run that `joinder serve` starts."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from datetime import time, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
import typer
from sqlalchemy import make_url
from structlog.testing import capture_logs

from app.cli.serve import _time_of_day
from app.core.clock import utc_now
from app.jobs import schedule
from app.serving import roles
from app.serving.installation import Installation, installation
from app.serving.night import Nights, start
from tests.database import ROOT, run
from tests.factories import Registry
from tests.serving.service import Service, soon

_DUE: Final = (
    "INSERT INTO jobs.pgqueuer_schedules (entrypoint, expression, next_run)"
    " VALUES ('night', '0 {} * * *', now()) RETURNING id"
)
_SCHEDULED: Final = "SELECT count(*) FROM jobs.pgqueuer_schedules"
_LEFT: Final = (
    "SELECT status || CASE WHEN next_run > now() THEN ', due tomorrow' ELSE ', due' END"
    " FROM jobs.pgqueuer_schedules WHERE entrypoint = 'night'"
)


@pytest.mark.long
def test_a_run_is_a_process_that_does_every_step(
    fresh_database_url: str, keys_directory: Path
) -> None:
    here = Installation(fresh_database_url, fresh_database_url, keys_directory)
    assert start(here).wait() == 0

    async def states() -> set[tuple[str, str]]:
        async with Registry.started(fresh_database_url, keys_directory) as registry:
            rows = await registry.rows(
                "SELECT r.state, s.state FROM runs r JOIN run_steps s ON s.run_id = r.id"
            )
            return {(row[0], row[1]) for row in rows}

    assert run(states()) == {("succeeded", "succeeded")}


class TestTimeOfDay:
    @pytest.mark.parametrize(("text", "at"), [("03:30", time(3, 30)), ("off", None)])
    def test_is_of_the_clock_or_none(self, text: str, at: time | None) -> None:
        assert _time_of_day(text) == at

    @pytest.mark.parametrize("text", ["24:00", "03:30:30", "03:30+02:00", "never"])
    def test_of_another_form_is_refused(self, text: str) -> None:
        with pytest.raises(typer.BadParameter):
            _time_of_day(text)


async def test_the_owner_url_takes_what_the_other_one_does(fresh_database_url: str) -> None:
    """Such as `ssl`, for the schedule and for `joinder migrate`."""
    url = make_url(fresh_database_url).set(drivername="postgresql+asyncpg")
    asked = url.update_query_dict({"ssl": "prefer"}).render_as_string(hide_password=False)
    await schedule.end(asked)
    await roles.require(asked)


class TestNights:
    @staticmethod
    def sleeper() -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])

    async def test_one_at_a_time_and_killed_when_the_service_stops(
        self, fresh_database_url: str, keys_directory: Path
    ) -> None:
        stop = asyncio.Event()
        here = Installation(fresh_database_url, fresh_database_url, keys_directory)
        nights = Nights(here, stop)
        begun: list[subprocess.Popen[bytes]] = []

        def begin() -> "subprocess.Popen[bytes]":
            begun.append(self.sleeper())
            return begun[-1]

        first = asyncio.create_task(nights.take(begin))
        await asyncio.sleep(0)
        await nights.take(begin)
        assert len(begun) == 1
        assert begun[0].poll() is None
        stop.set()
        await first
        assert begun[0].returncode == -signal.SIGKILL

    async def test_one_that_hangs_is_killed(self, keys_directory: Path) -> None:
        begun: list[subprocess.Popen[bytes]] = []

        def begin() -> "subprocess.Popen[bytes]":
            begun.append(self.sleeper())
            return begun[-1]

        nights = Nights(Installation("", "", keys_directory), asyncio.Event())
        async with asyncio.timeout(30):
            await nights.take(begin, timedelta(seconds=0.1))
        assert begun[0].returncode == -signal.SIGKILL

    async def test_ask_ever_more_rarely_a_database_that_refuses(
        self, fresh_database_url: str, keys_directory: Path
    ) -> None:
        stop = asyncio.Event()
        url = make_url(fresh_database_url).set(username="nobody_of_this_name")
        here = Installation("", url.render_as_string(hide_password=False), keys_directory)
        async with asyncpg.create_pool(fresh_database_url, min_size=1) as connection:
            with capture_logs() as logs:
                kept = asyncio.create_task(Nights(here, stop).keep(time(12), 0.01))
                async with asyncio.timeout(30):
                    while len(logs) < 4:
                        await connection.execute("SELECT pg_sleep(0.01)")
                stop.set()
                await kept
        assert [each["again_in"] for each in logs[:4]] == [0.01, 0.02, 0.04, 0.08]

    async def test_are_due_no_more_when_there_is_no_time_for_them(
        self, fresh_database_url: str, keys_directory: Path
    ) -> None:
        async with asyncpg.create_pool(fresh_database_url, min_size=1) as connection:
            await connection.execute(_DUE.format(1))
            here = Installation(fresh_database_url, fresh_database_url, keys_directory)
            await Nights(here, asyncio.Event()).end()
            assert await connection.fetchval("SELECT count(*) FROM jobs.pgqueuer_schedules") == 0

    async def test_go_on_when_the_database_comes_back(
        self, fresh_database_url: str, keys_directory: Path
    ) -> None:
        """What the schedule needs is away; then it is there."""
        stop = asyncio.Event()
        here = Installation(fresh_database_url, fresh_database_url, keys_directory)
        async with asyncpg.create_pool(fresh_database_url, min_size=1) as connection:
            await connection.execute("ALTER SCHEMA jobs RENAME TO away")
            with capture_logs() as logs:
                kept = asyncio.create_task(Nights(here, stop).keep(time(12)))
                async with asyncio.timeout(30):
                    while not logs:
                        await connection.execute("SELECT pg_sleep(0.01)")
            assert logs[0]["event"] == "schedule_failed"
            await connection.execute("ALTER SCHEMA away RENAME TO jobs")
            async with asyncio.timeout(30):
                while not await connection.fetchval("SELECT count(*) FROM jobs.pgqueuer_schedules"):
                    await connection.execute("SELECT pg_sleep(0.01)")
        stop.set()
        await kept


@pytest.mark.long
def test_two_services_of_one_database_start_one_run(
    scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A night is due when both start, and nothing of it is left when they have stopped.

    Then a service without nights forgets when the next one is due, if it has the owner's login.
    """
    monkeypatch.delenv("JOINDER_DATABASE_URL", raising=False)
    monkeypatch.setenv("JOINDER_HOME", str(scratch / "home"))
    hour = (utc_now().hour + 12) % 24
    options = "--nightly", f"{hour:02}:00", "--evaluators", "1"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JOINDER_")}
    with ExitStack() as stack:
        here = stack.enter_context(installation())
        environment = {
            **kept,
            "JOINDER_DATABASE_URL": here.database_url,
            "JOINDER_OWNER_URL": here.owner_url,
            "JOINDER_KEYS": str(here.keys),
            "PYTHONPATH": str(ROOT),
        }
        assert here.server is not None
        fetch = partial(fetch_one, here.server.superuser_url)
        fetch(_DUE.format(hour))
        services = [Service(tmp_path / f"{each}.log", environment, options) for each in range(2)]
        for each in services:
            stack.callback(each.process.communicate)
            stack.callback(each.process.kill)
        for each in services:
            each.await_addresses()
        assert soon(lambda: fetch("SELECT true FROM runs WHERE state = 'succeeded'"), 120)
        assert [each.stop() for each in services] == [0, 0]
        assert fetch("SELECT count(*) FROM runs") == 1
        assert fetch(_LEFT) == "queued, due tomorrow"

        def go_without(name: str, given: dict[str, str], *, told: str, left: bool) -> None:
            off = Service(tmp_path / name, given, ("--nightly", "off", "--evaluators", "1"))
            stack.callback(off.process.communicate)
            stack.callback(off.process.kill)
            off.await_addresses()
            assert soon(lambda: told in off.log.read_text(), 30)
            assert soon(lambda: bool(fetch(_SCHEDULED)) == left, 30)
            assert off.stop() == 0
            assert "schedule_failed" not in off.log.read_text()

        owner = environment.pop("JOINDER_OWNER_URL")
        go_without("service.log", environment, told="schedule_left", left=True)
        environment["JOINDER_OWNER_URL"] = owner
        go_without("owner.log", environment, told="working", left=False)


def fetch_one(url: str, statement: str) -> Any:
    """Return the one value of a statement."""

    async def once() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return run(once())
