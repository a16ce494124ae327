"""The nightly run: one at a time, whole batches, and nothing that fails stops the rest."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from subprocess import PIPE

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from typer.testing import CliRunner

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.cli.main import app
from app.cli.nightly import TRY_AGAIN, shown
from app.core.clock import utc_now
from app.core.db import CONNECTION_SETTINGS, transaction
from app.core.errors import ConflictError
from app.core.ids import new_id, parse_public_id, public_id
from app.core.locks import held
from app.jobs import queries
from app.jobs.errors import RunLostError, RunUnderWayError
from app.jobs.nightly import ITEMS_FAILED, LOCK, UNFINISHED, Done, run
from app.jobs.steps import Step, steps
from app.offices import service as offices
from app.offices.schemas import OfficeAdd
from tests.access.people import sign_in
from tests.database import ROOT
from tests.factories import Registry
from tests.invariants.test_i6_audited import audit_broken
from tests.scenes import make_offices, meet
from tests.wall.acting import office_id

_NUMBERS = count()


def whole(registry: Registry) -> tuple[Step, ...]:
    return steps(registry.app.state.intake)


def states(done: list[Done]) -> set[str]:
    return {each.state for each in done}


async def add_office(session: AsyncSession, *, limit: int, now: datetime) -> int:
    """Add an office at each call until there are three."""
    del limit
    if await session.scalar(text("SELECT count(*) FROM offices")) == 3:
        return 0
    office = OfficeAdd(
        code=f"CA-{next(_NUMBERS)}",
        name="Office",
        kind="local",
        state="CA",
        contact_title="Duty deputy",
        contact_phone="555-0100",
        contact_email="office@example.com",
    )
    await offices.add_office(session, OPERATOR, office, now=now)
    return 1


async def go_on(session: AsyncSession, *, limit: int, now: datetime) -> int:
    """Have always more to do."""
    del session, limit, now
    return 1


async def fail(
    session: AsyncSession, *, limit: int, now: datetime, office_id: int | None = None
) -> int:
    """Add an office and fail after it."""
    del office_id
    await add_office(session, limit=limit, now=now)
    raise ConflictError


class TestRun:
    async def test_takes_every_step_and_is_done_the_second_time(self, registry: Registry) -> None:
        await meet(registry)
        first = await run(registry.operator, whole(registry), as_of=utc_now())
        assert states(first) == {"succeeded"}, first
        again = await run(registry.operator, whole(registry), as_of=utc_now())
        assert states(again) == {"succeeded"}
        assert {each.step: each.count for each in again if each.count} == {"overlaps.recount": 1}
        assert [each.before for each in again] == [each.count for each in first]

    async def test_goes_on_after_a_step_that_fails(self, registry: Registry) -> None:
        some = (Step("fails", fail), Step("adds", add_office))
        done = await run(registry.operator, some, as_of=utc_now())
        assert [(each.state, each.count, each.error) for each in done] == [
            ("failed", 0, "conflict"),
            ("succeeded", 3, None),
        ]
        rows = await registry.rows(
            "SELECT r.state, s.step, s.state, s.count FROM runs r"
            " JOIN run_steps s ON s.run_id = r.id ORDER BY s.position"
        )
        assert [tuple(row) for row in rows] == [
            ("failed", "fails", "failed", 0),
            ("failed", "adds", "succeeded", 3),
        ]

    async def test_goes_on_after_a_step_that_never_ends(self, registry: Registry) -> None:
        endless = Step("endless", go_on, longest=timedelta(milliseconds=50))
        some = (endless, Step("adds", add_office))
        done = await run(registry.operator, some, as_of=utc_now())
        assert [(each.state, each.error) for each in done] == [
            ("failed", UNFINISHED),
            ("succeeded", None),
        ]
        assert done[0].count > 0

    async def test_an_item_that_fails_holds_up_no_other_one_of_its_office(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        """One request that cannot be moved, first in the order in which they are taken."""
        requests, offices = [], await make_offices(registry)
        for number in range(3):
            meeting = await meet(registry, offices=offices, external_id=f"24-{number}")
            requests.append((await meeting.first.request_handling(meeting.overlap_id)).json()["id"])
        connection = await asyncpg.connect(fresh_database_url)
        await connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE EXCEPTION 'no'; END$$;"
            "CREATE TRIGGER refuse BEFORE UPDATE ON handling_requests FOR EACH ROW"
            f" WHEN (OLD.id = '{parse_public_id('hnd', requests[0])}') EXECUTE FUNCTION refuse()"
        )
        await connection.close()
        only = [
            replace(each, limit=1) for each in whole(registry) if each.name == "handling.expire"
        ]
        later = utc_now() + timedelta(days=30)
        (tried,) = await run(registry.operator, only, as_of=later, is_dry=True)
        assert tried.counted == "2"
        (done,) = await run(registry.operator, only, as_of=later)
        assert (done.state, done.count, done.error) == ("failed", 2, ITEMS_FAILED)
        assert list(done.failed.values()) == ["DBAPIError"]
        left = await registry.rows("SELECT id FROM handling_requests WHERE ended_at IS NULL")
        assert [public_id("hnd", row[0]) for row in left] == requests[:1]

    @pytest.mark.parametrize(
        ("step", "table"), [("agendas.make", "agendas"), ("insights.publish", "insights")]
    )
    async def test_a_state_that_fails_holds_up_no_other_one(
        self, registry: Registry, fresh_database_url: str, step: str, table: str
    ) -> None:
        await make_offices(registry)  # of two states
        connection = await asyncpg.connect(fresh_database_url)
        await connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE EXCEPTION 'no'; END$$;"
            f"CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW"
            " WHEN (NEW.state = 'CA') EXECUTE FUNCTION refuse()"
        )
        await connection.close()
        only = [each for each in whole(registry) if each.name == step]
        (done,) = await run(registry.operator, only, as_of=utc_now())
        assert (done.state, done.count, [*done.failed]) == ("failed", 1, ["CA"])
        made = await registry.rows(f"SELECT DISTINCT state FROM {table}")  # noqa: S608 -- ours
        assert [row[0] for row in made] == ["NV"]

    async def test_what_fails_as_a_whole_holds_up_its_own_office_alone(
        self, registry: Registry
    ) -> None:
        bad, *_ = [await office_id(registry, each) for each in await make_offices(registry, 3)]
        done_of = set[int]()

        async def work(
            session: AsyncSession, *, limit: int, now: datetime, office_id: int | None = None
        ) -> int:
            del session, limit, now
            if office_id is None or office_id == bad:
                raise ConflictError
            is_new = office_id not in done_of
            done_of.add(office_id)
            return is_new

        (done,) = await run(registry.operator, [Step("fails", work)], as_of=utc_now())
        assert (done.state, done.count, done.error) == ("failed", 2, "conflict")

    async def test_leaves_nothing_when_it_is_dry(self, registry: Registry) -> None:
        some = [Step("adds", add_office)]
        done = await run(registry.operator, some, as_of=utc_now(), is_dry=True)
        assert [each.counted for each in done] == ["3"], "all of it, not one batch"
        assert await registry.rows("SELECT 1 FROM offices") == []

    async def test_counts_as_much_dry_as_it_then_does(self, registry: Registry) -> None:
        for _ in range(2):
            await meet(registry)
        await registry.rows("UPDATE cases SET review_on = current_date - 1 RETURNING 1")
        now = utc_now()
        tried = await run(registry.operator, whole(registry), as_of=now, is_dry=True)
        done = await run(registry.operator, whole(registry), as_of=now)
        assert states(tried) == states(done) == {"succeeded"}
        found = [{each.step: (each.count, each.offices) for each in some} for some in (tried, done)]
        assert found[0]["cases.expire"][0] == 4
        for each in found:  # its parts, of which there are fewer when cases have left
            del each["overlaps.recount"]
        assert found[0] == found[1]

    async def test_says_when_it_had_no_time_to_count_all_dry(self, registry: Registry) -> None:
        endless = Step("endless", go_on, tried_for=timedelta(milliseconds=50))
        (done,) = await run(registry.operator, [endless], as_of=utc_now(), is_dry=True)
        assert done.state == "succeeded"
        assert done.counted == f"{done.count}+"

    def test_gives_back_dry_what_it_holds_before_those_who_wait_are_turned_away(
        self, registry: Registry
    ) -> None:
        waits = int(CONNECTION_SETTINGS["lock_timeout"].removesuffix("s"))
        longest = max(each.tried_for for each in whole(registry))
        assert longest < timedelta(seconds=waits) / 2, "with time for a last batch"

    async def test_there_is_one_at_a_time(self, registry: Registry) -> None:
        begun, end = asyncio.Event(), asyncio.Event()

        async def wait(session: AsyncSession, *, limit: int, now: datetime) -> int:
            del session, limit, now
            begun.set()
            await end.wait()
            return 0

        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(run(registry.operator, [Step("w", wait)], as_of=utc_now()))
            await begun.wait()
            with pytest.raises(RunUnderWayError):
                await run(registry.operator, [Step("adds", add_office)], as_of=utc_now())
            end.set()
        assert states(await first) == {"succeeded"}

    async def test_one_that_another_took_over_does_no_more(self, registry: Registry) -> None:
        """The connection that holds the lock can end while the run goes on."""

        async def take_over() -> None:
            async with transaction(registry.operator) as session:
                await queries.begin_run(
                    session,
                    new_id(),
                    None,
                    as_of=utc_now(),
                    is_dry=False,
                    is_whole=True,
                    now=utc_now(),
                )

        async def lose(session: AsyncSession, *, limit: int, now: datetime) -> int:
            del limit, now
            others.append(asyncio.create_task(take_over()))
            waiting = text(
                "SELECT count(*) FROM pg_locks"  # a transaction sees one state of activity alone
                " WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            )
            while not await session.scalar(waiting):
                done, _ = await asyncio.wait(others, timeout=0.01)
                assert not done
            return 0

        class AfterThem(async_sessionmaker[AsyncSession]):
            """Who comes anew to a row can be quicker than who waited for it: here it waits, too."""

            @asynccontextmanager
            async def begin(self) -> AsyncIterator[AsyncSession]:  # type: ignore[override]  # enough for `transaction`
                await asyncio.gather(*others)
                async with super().begin() as session:
                    yield session

        others: list[asyncio.Task[None]] = []
        with pytest.raises(RunLostError):
            await run(
                AfterThem(**registry.operator.kw),
                [Step("loses", lose), Step("adds", add_office)],
                as_of=utc_now(),
            )
        assert others[0].done()
        assert await registry.rows("SELECT 1 FROM offices") == []
        found = await registry.rows("SELECT state FROM runs ORDER BY id")
        assert [row[0] for row in found] == ["interrupted", "running"]


class TestShow:
    async def test_tells_the_operator_what_concerned_which_office(
        self, registry: Registry, fresh_database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        meeting = await meet(registry)
        await registry.rows("UPDATE cases SET review_on = current_date - 1 RETURNING 1")
        only = [each for each in whole(registry) if each.name == "cases.expire"]
        for _ in range(2):
            await run(registry.operator, only, as_of=utc_now())
        rows = await registry.rows("SELECT id FROM runs ORDER BY id")
        monkeypatch.setenv("JOINDER_DATABASE_URL", fresh_database_url)

        async def shown(which: str) -> list[str]:
            done = await asyncio.to_thread(CliRunner().invoke, app, ["nightly", "--show", which])
            return done.output.splitlines()

        head, last = await shown("last")
        assert "\tsucceeded\t" in head
        assert last.startswith("0\t2\t")
        _, step, *offices = await shown(public_id("run", rows[0][0]))
        assert step.startswith("2\t-\t")
        assert [line.split("\t")[0].strip() for line in offices] == sorted(
            [meeting.first.code, meeting.second.code]
        )
        assert await shown("run_1") == ["There is no such run."]
        endless = Step("endless", go_on, tried_for=timedelta(0))
        await run(registry.operator, [endless], as_of=utc_now(), is_dry=True)
        assert (await shown("last"))[1].startswith("1+\t")


class TestCommand:
    async def test_does_what_it_is_asked_for_and_tells_by_its_status_how_that_went(
        self,
        registry: Registry,
        fresh_database_url: str,
        keys_directory: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("JOINDER_DATABASE_URL", fresh_database_url)
        monkeypatch.setenv("JOINDER_KEYS", str(keys_directory))
        meeting = await meet(registry)
        await registry.rows("UPDATE cases SET review_on = current_date - 1 RETURNING 1")

        async def nightly(*words: str) -> tuple[int, str]:
            only = ["nightly", "--step", "cases.expire", *words]
            done = await asyncio.to_thread(CliRunner().invoke, app, only)
            return done.exit_code, done.stdout.partition("\t")[0]

        one = "--office", meeting.first.code
        earlier = f"{utc_now() - timedelta(days=2):%Y-%m-%d}"
        for words in ((*one, "--dry-run"), (*one, "--date", earlier), one, one):
            expected = {(*one, "--dry-run"): "1", (*one, "--date", earlier): "0"}
            left = await registry.rows("SELECT 1 FROM cases WHERE withdrawn_at IS NULL")
            assert await nightly(*words) == (0, expected.get(words, str(len(left) - 1))), words
        assert len(await registry.rows("SELECT 1 FROM cases WHERE withdrawn_at IS NULL")) == 1
        assert (await nightly("--step", "no.such"))[0] == 2
        async with held(registry.operator, LOCK):
            assert (await nightly())[0] == TRY_AGAIN
        command = (sys.executable, "-m", "app.cli.main", "nightly", "--step", "cases.expire")
        async with audit_broken(registry):
            process = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, stdout=PIPE, stderr=PIPE
            )
            out, told = [each.decode() for each in await process.communicate()]
        assert process.returncode == 1
        (line,) = out.splitlines()
        assert line.split("\t")[3] == "cases.expire"
        logged = [json.loads(each) for each in told.splitlines()]
        assert {each["process"] for each in logged} == {"nightly"}
        assert "step_failed" in {each["event"] for each in logged}
        assert await nightly() == (0, "1")

    def test_shows_on_a_terminal_how_far_it_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ours, theirs = os.openpty()
        with os.fdopen(ours, "rb", buffering=0) as seen, os.fdopen(theirs, "w") as terminal:
            monkeypatch.setattr(sys, "stderr", terminal)
            with shown() as report:
                report(Done("cases.expire", count=7))
                told = b""
                while b"cases.expire 7" not in told:
                    told += seen.read(4096)


class TestListRuns:
    async def test_tells_an_auditor_what_failed_and_what_concerned_its_office(
        self, registry: Registry
    ) -> None:
        meeting = await meet(registry)
        await registry.rows(
            "UPDATE cases SET review_on = current_date - 1 WHERE office_id ="
            " (SELECT id FROM offices WHERE code = :code) RETURNING 1",
            code=meeting.first.code,
        )
        expire = next(each for each in whole(registry) if each.name == "cases.expire")
        await run(registry.operator, [Step("fails", fail), expire], as_of=utc_now())
        before = utc_now() - timedelta(days=2)
        await run(registry.operator, [expire], as_of=before, is_whole=False)
        (stranger,) = await make_offices(registry, 1)
        for office, is_concerned in ((meeting.first, True), (stranger, False)):
            auditor = await sign_in(registry, office, Role.AUDITOR)
            partly, read = (await auditor.send("GET", "/v1/runs")).json()["items"]
            assert (partly["is_whole"], read["is_whole"]) == (False, True)
            assert datetime.fromisoformat(partly["as_of"]) == before
            assert read["state"] == "failed"
            failed, done = read["steps"]
            assert tuple(failed.values()) == ("fails", "failed", "conflict", None, 0)
            assert tuple(done.values())[:3] == ("cases.expire", "succeeded", None)
            assert (done["of_own_office"] > 0) is is_concerned
        other = await sign_in(registry, meeting.first, Role.PROSECUTOR)
        assert (await other.send("GET", "/v1/runs")).status_code == 403
