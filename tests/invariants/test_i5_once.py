"""I5. An acknowledged post is never lost or doubled; the same thing twice is one post."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from tests.blinding import case
from tests.factories import ISSUER, OfficeClient, Registry
from tests.invariants.dump import dump
from tests.overlaps.recount import CHECKS
from tests.scenes import make_offices, meet, phone, someone, something


def reordered(body: Any) -> Any:
    """Return the same JSON value with the names of each object in the opposite order."""
    if isinstance(body, dict):
        return {name: reordered(body[name]) for name in reversed(body)}
    return [reordered(item) for item in body] if isinstance(body, list) else body


async def audited(registry: Registry, office: OfficeClient) -> list[dict[str, Any]]:
    return [
        entry for entry in await registry.audit("case.posted")
        if entry["client_id"] == office.client_id
    ]  # fmt: skip


class TestI5TheSamePostTwice:
    async def test_changes_nothing_the_second_time(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        meeting = await meet(registry)
        before = await dump(fresh_database_url)
        again = await meeting.first.put_case("24-1", meeting.first_case)
        assert (again.status_code, again.json()["result"]) == (200, "unchanged")
        assert again.json()["version"] == 1
        after = await dump(fresh_database_url)
        changed = {name for name in after if after[name] != before[name]}
        assert changed == {"audit_entries", "overlap_sides"}  # that the first was shown by now
        assert len(await registry.audit("case.posted")) == 2

    async def test_is_one_whatever_the_order_of_names_in_the_json(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        body = case(someone(phones=(phone(),)), summary="Text.", disclosure="open")
        await office.put_case("24-1", body)
        again = await office.put_case("24-1", reordered(body))
        assert again.json()["result"] == "unchanged"
        del body["disclosure"]  # the default
        assert (await office.put_case("24-1", body)).json()["result"] == "unchanged"

    @pytest.mark.parametrize("turn", range(4))
    async def test_at_the_same_moment_is_one(self, shared_registry: Registry, turn: int) -> None:
        (office,) = await make_offices(shared_registry, 1)
        body = case(something(turn + 1))
        for version, result in ((1, "created"), (2, "updated")):
            answers = await asyncio.gather(*(office.put_case("24-1", body) for _ in range(5)))
            assert {answer.status_code for answer in answers} <= {200, 201}
            results = [answer.json()["result"] for answer in answers]
            assert sorted(results) == sorted([result, *["unchanged"] * 4])
            assert {answer.json()["version"] for answer in answers} == {version}
            assert len(await audited(shared_registry, office)) == version
            body = case(something(turn + 1))
        for query in CHECKS.values():
            assert await shared_registry.rows(query) == []

    async def test_at_the_same_moment_in_bulk_is_one(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        items = [
            {"source_system": "cms", "external_id": f"24-{n}", "case": case(something())}
            for n in range(6)
        ]
        bulks = [items[:4], items[2:], items[::-1], items]
        answers = await asyncio.gather(
            *(office.http.put("/v1/cases", json={"cases": bulk}) for bulk in bulks)
        )
        results = [result for answer in answers for result in answer.json()["results"]]
        assert [result["result"] for result in results].count("created") == 6
        assert {result["result"] for result in results} == {"created", "unchanged"}
        assert {result["version"] for result in results} == {1}
        assert len(await audited(shared_registry, office)) == 6


class TestI5AnAcknowledgedPost:
    async def test_is_committed_before_it_is_acknowledged(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        (office,) = await make_offices(registry, 1)
        connection = await asyncpg.connect(fresh_database_url)
        committed: list[int] = []

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            async def look(message: Message) -> None:
                if message["type"] == "http.response.start":
                    committed.append(await connection.fetchval("SELECT count(*) FROM cases"))
                await send(message)

            await registry.app(scope, receive, look)

        office.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(watched), base_url=ISSUER, headers=office.http.headers
        )
        try:
            for number in range(3):
                await office.put_case(f"24-{number}", case(something()))
        finally:
            await connection.close()
        assert committed == [1, 2, 3]

    async def test_that_fails_leaves_nothing_behind(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        (office,) = await make_offices(registry, 1)
        before = await dump(fresh_database_url)
        connection = await asyncpg.connect(fresh_database_url)
        try:
            await connection.execute(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
                " $$BEGIN RAISE EXCEPTION 'disk full' USING ERRCODE = '53100'; END$$;"
                "CREATE TRIGGER refuse BEFORE INSERT ON sealed_elements"
                " FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
            )
            answer = await office.put_case("24-1", case(someone()))
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
            assert await dump(fresh_database_url) == before
            await connection.execute("DROP TRIGGER refuse ON sealed_elements")
        finally:
            await connection.close()
        assert (await office.put_case("24-1", case(someone()))).json()["result"] == "created"
