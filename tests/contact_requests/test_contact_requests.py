"""Requests for a contact: what asking and each end show, who may, races, and time."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from app.access.principal import OPERATOR
from app.contact_requests import service
from app.contact_requests.states import EXPIRES_AFTER, NEXT
from app.core.clock import utc_now
from app.core.db import transaction
from app.jobs.nightly import ITEMS_FAILED, run
from app.jobs.steps import steps
from tests.factories import OfficeClient, Registry
from tests.scenes import Meeting, all_ended, make_offices, meet


async def ask(client: OfficeClient, meeting: Meeting) -> httpx.Response:
    return await client.http.post(
        f"/v1/overlaps/{meeting.overlap_id}/contact-requests",
        json={"reason": "act_ahead"},
        headers={"Idempotency-Key": uuid4().hex},
    )


async def answer(
    client: OfficeClient, request: dict[str, Any], said: str, version: int = 1
) -> httpx.Response:
    return await client.http.post(
        f"/v1/contact-requests/{request['id']}/answers",
        json={"answer": said, "reason": "later" if said == "decline" else None},
        headers={"Idempotency-Key": uuid4().hex, "If-Match": f'"{version}"'},
    )


async def rungs(meeting: Meeting) -> list[str | None]:
    """Return what each side sees of the overlap."""
    found = [
        (await client.http.get(f"/v1/overlaps/{meeting.overlap_id}")).json().get("rung")
        for client in (meeting.first, meeting.second)
    ]
    return list(found)


async def status(client: OfficeClient, request: dict[str, Any]) -> str:
    read = await client.http.get(f"/v1/contact-requests/{request['id']}")
    found: str = read.json()["status"]
    return found


async def expire(registry: Registry) -> None:
    later = utc_now() + EXPIRES_AFTER
    async with transaction(registry.operator) as session:
        await service.expire_requests(session, OPERATOR, now=later, limit=100)


async def news(registry: Registry, *clients: OfficeClient) -> list[list[str]]:
    """Return the types of each office's events about requests for a contact, oldest first."""
    await all_ended(registry)
    found = [(await each.http.get("/v1/events")).json()["items"] for each in clients]
    return [[e["type"] for e in items if e["type"].startswith("contact.")] for items in found]


class TestAsk:
    async def test_shows_the_owner_who_asks_and_accepting_shows_whom_to_call(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry, "silent", "contact_first")
        assert await rungs(meeting) == ["pointer", None]
        asked = (await ask(meeting.first, meeting)).json()
        assert await rungs(meeting) == ["pointer", "contact"]
        (received,) = (await meeting.second.http.get("/v1/contact-requests")).json()["items"]
        assert received == asked | {"direction": "received"}
        accepted = await answer(meeting.second, asked, "accept")
        assert (accepted.json()["status"], accepted.headers["ETag"]) == ("accepted", '"2"')
        assert await rungs(meeting) == ["contact", "contact"]
        told = await news(shared_registry, meeting.first, meeting.second)
        assert told == [["contact.answered"], ["contact.requested"]]

    async def test_that_ends_without_an_answer_is_told_to_who_may_know_of_the_overlap(
        self, shared_registry: Registry
    ) -> None:
        """Who saw the overlap by the request alone is not told of what it no longer sees."""
        for way, told in (
            ("contact_first", ["contact.requested", "contact.ended"]),
            ("silent", []),
        ):
            meeting = await meet(shared_registry, way, "contact_first")
            asked = (await ask(meeting.first, meeting)).json()
            await answer(meeting.first, asked, "withdraw")
            assert await news(shared_registry, meeting.first, meeting.second) == [[], told]

    async def test_where_the_contact_is_shown_or_the_overlap_hidden_is_refused(
        self, shared_registry: Registry
    ) -> None:
        for way, code in (("open", "contact-shown"), ("silent", "overlap-not-found")):
            meeting = await meet(shared_registry, "open", way)
            assert (await ask(meeting.first, meeting)).json()["code"] == code

    async def test_from_one_side_at_once_is_one(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry, "contact_first", "contact_first")
        answers = await asyncio.gather(*(ask(meeting.first, meeting) for _ in range(4)))
        assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]

    async def test_is_no_others_to_read_or_answer(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry, "open", "contact_first")
        asked = (await ask(meeting.first, meeting)).json()
        (third,) = await make_offices(shared_registry, 1)
        assert (await answer(third, asked, "accept")).status_code == 404
        own = await answer(meeting.first, asked, "accept")
        assert (own.status_code, own.json()["code"]) == (409, "contact-request-not-yours")


class TestEnds:
    @pytest.mark.parametrize("end", ["decline", "withdraw", "expire"])
    async def test_take_back_what_asking_showed(self, shared_registry: Registry, end: str) -> None:
        meeting = await meet(shared_registry, "silent", "contact_first")
        asked = (await ask(meeting.first, meeting)).json()
        if end == "expire":
            await expire(shared_registry)
        else:
            client = meeting.second if end == "decline" else meeting.first
            assert (await answer(client, asked, end)).status_code == 200
        assert await rungs(meeting) == ["pointer", None]
        assert await status(meeting.first, asked) == NEXT["pending", end]  # type: ignore[index]
        assert (await ask(meeting.first, meeting)).status_code == 201

    async def test_that_cannot_be_ended_keeps_no_other_one_waiting(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        offices, asked = await make_offices(registry), []
        for number in range(2):
            meeting = await meet(
                registry, "open", "contact_first", offices=offices, external_id=f"24-{number}"
            )
            asked.append((await ask(meeting.first, meeting)).json())
        connection = await asyncpg.connect(fresh_database_url)
        await connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE EXCEPTION 'no'; END$$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON audit_entries FOR EACH ROW"
            f" WHEN (NEW.object = '{asked[1]['id']}') EXECUTE FUNCTION refuse()"
        )
        await connection.close()
        every = steps(registry.app.state.intake)
        only = [each for each in every if each.name == "contact_requests.expire"]
        (done,) = await run(registry.operator, only, as_of=utc_now() + EXPIRES_AFTER)
        assert (done.state, done.count, done.error) == ("failed", 1, ITEMS_FAILED)
        assert [await status(offices[0], each) for each in asked] == ["expired", "pending"]
        (entry,) = await registry.audit("contact.expired")
        assert entry["object"] == asked[0]["id"]
        assert await registry.audit("case.grant_revoked"), "what asking showed is taken back"
        audited = await registry.rows(
            "SELECT q.office, count(*) FROM audit_entries,"
            " LATERAL (SELECT DISTINCT unnest(recipients || office_id) AS office) AS q"
            " WHERE actor = 'nightly' AND q.office <> 0 GROUP BY 1"
        )
        assert dict(done.offices) == {row[0]: row[1] for row in audited}, "what was undone is not"

    async def test_of_its_time_ends_it_before_the_job_comes(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry, "open", "contact_first")
        asked = (await ask(meeting.first, meeting)).json()
        await shared_registry.rows(
            "UPDATE contact_requests SET requested_at = requested_at - CAST(:past AS interval),"
            " expires_at = expires_at - CAST(:past AS interval) WHERE overlap_id = :id"
            " RETURNING id",
            past=EXPIRES_AFTER + timedelta(days=1),
            id=meeting.key,
        )
        late = await answer(meeting.second, asked, "accept")
        assert (late.status_code, late.json()["code"]) == (409, "contact-request-ended")
        again = (await ask(meeting.first, meeting)).json()
        assert (again["status"], await status(meeting.first, asked)) == ("pending", "expired")

    async def test_of_two_at_once_is_one(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry, "open", "contact_first")
        asked = (await ask(meeting.first, meeting)).json()
        answers = await asyncio.gather(
            answer(meeting.second, asked, "accept"), answer(meeting.first, asked, "withdraw")
        )
        lost = next(each for each in answers if each.status_code == 409)
        won = next(each for each in answers if each.status_code == 200)
        assert lost.json()["status_now"] == won.json()["status"]
