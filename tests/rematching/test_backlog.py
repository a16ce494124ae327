"""A value that very many hold becomes rare: nobody waits for all of its pairs, and none is lost."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, Final

import asyncpg
import pytest

from app.access.permissions import Permission
from app.access.principal import Principal
from app.cases import service as cases
from app.core.clock import utc_now
from app.jobs.nightly import ITEMS_FAILED, run
from app.jobs.steps import steps
from app.overlaps.limits import LIMITS
from app.rematching.backlog import finish_all
from app.rematching.service import AT_ONCE
from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.overlaps.recount import ACTIVE_PAIRS, CHECKS
from tests.scenes import make_offices, meet, someone, something

MOST: Final = LIMITS["tel"].offices
FULL: Final = 8
"""Offices with `EACH` cases: three of each count, which with one more case are 25."""
EACH: Final = 5

Names = set[str]
"""Cases as `office/case`."""


async def put_many(client: OfficeClient, numbers: list[str], subject: dict[str, Any]) -> None:
    items = [
        {"source_system": "cms", "external_id": number, "case": case(subject)} for number in numbers
    ]
    answer = await client.http.put("/v1/cases", json={"cases": items})
    assert all(each["result"] == "created" for each in answer.json()["results"]), answer.text


async def crowd(registry: Registry) -> tuple[list[OfficeClient], dict[str, Any], Names]:
    """Let so many hold a value that it is rare again when the last office gives it up.

    Returns the offices, the value and the cases that hold it then.
    """
    shared = something()
    offices = await make_offices(registry, MOST + 1)
    for office in offices:
        assert (await office.put_case("24-0", case(shared))).status_code == 201
    for office in offices[:FULL]:
        await put_many(office, [f"24-{number}" for number in range(1, EACH)], shared)
    assert (await offices.pop().http.delete("/v1/cases/cms/24-0")).status_code == 204
    names = {f"{office.code}/24-{number}" for office in offices[:FULL] for number in range(EACH)}
    return offices, shared, names | {f"{offices[FULL].code}/24-0"}


async def found(registry: Registry, offices: list[OfficeClient]) -> set[frozenset[str]]:
    codes = {office.code for office in offices}
    rows = await registry.rows(ACTIVE_PAIRS)
    return {frozenset(row) for row in rows if {name.partition("/")[0] for name in row} <= codes}


def pairs(names: Names) -> set[frozenset[str]]:
    return {
        frozenset({one, other})
        for one, other in combinations(names, 2)
        if one.partition("/")[0] != other.partition("/")[0]
    }


async def pending(registry: Registry) -> int:
    ((count,),) = await registry.rows("SELECT count(*) FROM pending_pairs")
    return int(count)


async def withdraw_and_stop(registry: Registry, office: OfficeClient) -> None:
    """Withdraw a case and commit, and be killed before anything else is done."""
    rows = await registry.rows("SELECT id FROM offices WHERE code = :code", code=office.code)
    may = frozenset({Permission.CASES_POST})
    principal = Principal("test", rows[0][0], may, is_participating=True)
    async with registry.acting(principal) as session:
        await cases.withdraw_case(
            session, principal, registry.app.state.intake, ("cms", "24-0"), now=utc_now()
        )


async def assert_consistent(registry: Registry) -> None:
    for name, query in CHECKS.items():
        assert await registry.rows(query) == [], name


class TestBacklog:
    async def test_is_finished_after_the_answer(self, shared_registry: Registry) -> None:
        offices, _, names = await crowd(shared_registry)
        answer = await offices[-1].http.delete("/v1/cases/cms/24-0")
        assert answer.status_code == 204
        assert len(pairs(names)) > 3 * AT_ONCE
        assert await found(shared_registry, offices) == pairs(names)
        assert await pending(shared_registry) == 0
        await assert_consistent(shared_registry)

    async def test_is_finished_by_whoever_comes_next_whatever_changes_meanwhile(
        self, registry: Registry
    ) -> None:
        offices, shared, names = await crowd(registry)
        await withdraw_and_stop(registry, offices[-1])
        assert await pending(registry) == len(pairs(names)) - AT_ONCE
        assert AT_ONCE <= len(await found(registry, offices)) < len(pairs(names))
        state = registry.app.state
        other = case(shared, someone(ref="2"))
        posts = asyncio.gather(
            *(office.put_case("24-1", case(something())) for office in offices[:3]),
            *(office.put_case("24-2", other) for office in offices[2:5]),
            *(office.http.delete("/v1/cases/cms/24-3") for office in offices[4:7]),
            offices[FULL].put_case("24-0", case(shared, summary="Other words.")),
        )
        await asyncio.gather(*(finish_all(state.sessions, state.keyring) for _ in range(2)))
        answers = await posts
        assert {answer.status_code for answer in answers} == {200, 204}
        names -= {f"{office.code}/24-1" for office in offices[:3]}
        names -= {f"{office.code}/24-3" for office in offices[4:7]}
        await finish_all(state.sessions, state.keyring)
        assert await found(registry, offices) == pairs(names)
        assert await pending(registry) == 0
        await assert_consistent(registry)

    async def test_of_a_killed_process_is_finished_at_the_next_start(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        offices, _, names = await crowd(registry)
        await withdraw_and_stop(registry, offices[-1])
        assert await pending(registry) > 0
        async with Registry.started(fresh_database_url, registry.app.state.settings.keys):
            pass
        assert await found(registry, offices) == pairs(names)
        changed = await registry.audit("overlap.found")
        assert {entry["actor"] for entry in changed} >= {"test", "matching"}
        assert len(changed) == len({entry["object"] for entry in changed})

    async def test_a_pair_that_fails_holds_up_no_other_one_and_stays(
        self, registry: Registry, fresh_database_url: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for _ in range(3):
            await meet(registry)
        pairs_of = 'SELECT low_case_id, high_case_id FROM "overlaps"'
        poison, *_ = await registry.rows(f"{pairs_of} ORDER BY 1")
        await registry.rows(
            f"INSERT INTO pending_pairs (low_case_id, high_case_id) {pairs_of} RETURNING 1"
        )
        await registry.rows('DELETE FROM "overlaps" RETURNING 1')
        connection = await asyncpg.connect(fresh_database_url)
        await connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE EXCEPTION 'no'; END$$;"
            'CREATE TRIGGER refuse BEFORE INSERT ON "overlaps" FOR EACH ROW'
            f" WHEN (NEW.low_case_id = {poison[0]}) EXECUTE FUNCTION refuse()"
        )
        state = registry.app.state
        only = [step for step in steps(state.intake) if step.name == "overlaps.finish"]
        one = [replace(each, limit=1) for each in only]
        (done,) = await run(registry.operator, one, as_of=utc_now())
        assert (done.state, done.count, done.error) == ("failed", 2, ITEMS_FAILED)
        (called,) = done.failed
        assert called in capsys.readouterr().out
        assert not re.fullmatch(r"\D*{}\D+{}\D*".format(*poison), called), "nobody learns of it"
        assert await finish_all(state.sessions, state.keyring) == 0, "nor does a start wait for it"
        assert await registry.rows("SELECT * FROM pending_pairs") == [poison]
        capsys.readouterr()
        await self.finish_a_busy_one_besides(registry, connection, poison)
        assert capsys.readouterr().out.count("item_failed") == 1, "however often it waits"
        await connection.execute("DROP FUNCTION refuse() CASCADE")
        await connection.close()
        (done,) = await run(registry.operator, only, as_of=utc_now())
        assert (done.state, done.count) == ("succeeded", 1)
        assert len(await registry.rows(pairs_of)) == 3
        assert await pending(registry) == 0

    @staticmethod
    async def finish_a_busy_one_besides(
        registry: Registry, connection: asyncpg.Connection, poison: Sequence[int]
    ) -> None:
        """Let a pair be left whose case somebody holds, beside one that fails: it is waited for."""
        ((case_id,),) = await registry.rows(
            "INSERT INTO pending_pairs (low_case_id, high_case_id)"
            ' SELECT low_case_id, high_case_id FROM "overlaps" LIMIT 1 RETURNING low_case_id'
        )
        async with connection.transaction():
            await connection.execute("SELECT FROM cases WHERE id = $1 FOR UPDATE", case_id)
            state = registry.app.state
            finishing = asyncio.create_task(finish_all(state.sessions, state.keyring))
            await asyncio.wait({finishing}, timeout=0.5)
        assert await finishing == 1
        assert await registry.rows("SELECT * FROM pending_pairs") == [poison]


class TestHiddenCrowd:
    async def test_is_not_matched_when_the_seen_ones_are_few_again(
        self, shared_registry: Registry
    ) -> None:
        """Or the post that releases the value would have to find a pair for each two of them."""
        shared = something()
        seen = await make_offices(shared_registry, MOST + 1)
        quiet = await make_offices(shared_registry, MOST + 1)
        for office in seen:
            await office.put_case("24-0", case(shared))
        for office in quiet:
            await office.put_case("24-0", case(shared, disclosure="silent"))
        await seen.pop().http.delete("/v1/cases/cms/24-0")
        among = {f"{office.code}/24-0" for office in seen}
        assert await found(shared_registry, seen + quiet) == pairs(among)
        await quiet.pop().http.delete("/v1/cases/cms/24-0")
        among |= {f"{office.code}/24-0" for office in quiet}
        assert await found(shared_registry, seen + quiet) == pairs(among)
        await assert_consistent(shared_registry)
