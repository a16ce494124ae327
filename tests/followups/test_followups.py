"""Follow-ups through HTTP: states, assignment, races, and what the other side learns of them."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.access.vocabulary import Role
from app.core.db import transaction
from app.core.ids import public_id
from tests.access.people import sign_in
from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.scenes import Meeting, all_ended, at_once, meet, phone, someone
from tests.wall.acting import client_of


async def read(client: OfficeClient, meeting: Meeting) -> httpx.Response:
    return await client.http.get(f"/v1/overlaps/{meeting.overlap_id}/follow-up")


async def step(
    client: OfficeClient, meeting: Meeting, event: str, etag: str | None = None
) -> httpx.Response:
    if etag is None:
        etag = (await read(client, meeting)).headers["ETag"]
    body = {"event": event, "resolution": "handled_separately" if event == "resolve" else None}
    path = f"/v1/overlaps/{meeting.overlap_id}/follow-up/steps"
    return await client.http.post(path, json=body, headers={"If-Match": etag})


async def trail(meeting: Meeting) -> list[str]:
    """Return the audited transitions of the overlap, oldest first."""
    rows = await meeting.registry.rows(
        "SELECT action FROM audit_entries WHERE object = :id AND (action LIKE 'follow_up.%'"
        " AND action <> 'follow_up.reminded' OR action = 'verdict.given') ORDER BY id",
        id=meeting.overlap_id,
    )
    return [row[0] for row in rows]


@pytest.fixture
async def meeting(shared_registry: Registry) -> Meeting:
    return await meet(shared_registry)


class TestAskDisclosure:
    async def test_tells_the_own_office_once_and_nobody_else(self, meeting: Meeting) -> None:
        registry, owner, other = meeting.registry, meeting.first, meeting.second
        colleague = await sign_in(registry, owner, Role.COORDINATOR)
        stranger = await sign_in(registry, other, Role.LEADERSHIP)
        before = await read(other, meeting)
        asked = (await step(owner, meeting, "ask_disclosure")).json()
        assert (asked["state"], asked["disclosure_asked_at"] is None) == ("new", False)
        again = await step(owner, meeting, "ask_disclosure")
        assert (again.status_code, again.json()["status_now"]) == (409, "new")
        assert await trail(meeting) == ["follow_up.disclosure_asked"]
        await all_ended(registry)
        for person, told in ((colleague, ["24-1"]), (stranger, [])):
            found = (await person.send("GET", "/v1/me/notices?limit=100")).json()["items"]
            kinds = [each for each in found if each["event"]["type"].endswith("disclosure_asked")]
            assert [each["case"]["external_id"] for each in kinds] == told
        after = await read(other, meeting)
        assert (after.headers["ETag"], after.json()) == (before.headers["ETag"], before.json())
        assert await read_flags(meeting, other) == 0
        assert await read_flags(meeting, owner) == 1


async def read_flags(meeting: Meeting, client: OfficeClient) -> int:
    """Return how many flags the database itself shows an office."""
    sessions = meeting.registry.app.state.sessions
    async with transaction(sessions, await client_of(meeting.registry, client)) as session:
        found = await session.scalar(text("SELECT count(*) FROM disclosure_flags"))
        return int(found or 0)


class TestSteps:
    async def test_begin_without_a_row_and_end_resolved(self, meeting: Meeting) -> None:
        first = (await read(meeting.first, meeting)).json()
        assert (first["state"], first["version"], first["round"]) == ("new", "0-1", 1)
        assert first["due"]["step"] == "acknowledge"
        assert not first["due"]["is_overdue"]
        assert (await step(meeting.first, meeting, "acknowledge")).json()["state"] == "acknowledged"
        assert (await step(meeting.first, meeting, "contact")).json()["due"]["step"] == "judge"
        await meeting.first.say(meeting.overlap_id, "need_information")
        assert (await read(meeting.first, meeting)).json()["state"] == "contacted"
        await meeting.first.say(meeting.overlap_id, "confirmed")
        done = (await step(meeting.first, meeting, "resolve")).json()
        assert (done["state"], done["due"]) == ("resolved", None)
        assert done["resolution"] == "handled_separately"
        again = await step(meeting.first, meeting, "acknowledge")
        assert (again.status_code, again.json()["code"]) == (409, "follow-up-state")

    async def test_of_two_at_once_one_wins_and_the_other_is_told(self, meeting: Meeting) -> None:
        etag = (await read(meeting.first, meeting)).headers["ETag"]
        answers = await asyncio.gather(
            *(step(meeting.first, meeting, "acknowledge", etag) for _ in range(4))
        )
        assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
        lost = next(each for each in answers if each.status_code == 409)
        assert lost.json()["status_now"] == "acknowledged"
        assert await trail(meeting) == ["follow_up.acknowledged"]

    async def test_and_a_verdict_of_who_has_not_looked_yet_wait_in_one_order(
        self, meeting: Meeting
    ) -> None:
        answers = await at_once(
            meeting.registry,
            'SELECT FROM "overlaps" WHERE id = :id FOR UPDATE',
            [
                meeting.first.say(meeting.overlap_id, "confirmed", etag='"1-contact"'),
                step(meeting.first, meeting, "acknowledge", '"0-1"'),
                step(meeting.first, meeting, "contact", '"0-1"'),
            ],
            id=meeting.key,
        )
        assert {each.status_code for each in answers} == {200, 409}, "and no deadlock"

    async def test_on_an_older_version_is_refused(self, meeting: Meeting) -> None:
        stale = (await read(meeting.first, meeting)).headers["ETag"]
        await meeting.second.say(meeting.overlap_id, "confirmed")
        answer = await step(meeting.first, meeting, "acknowledge", stale)
        assert answer.status_code == 412

    async def test_that_would_still_lead_on_lose_to_who_was_first_while_they_waited(
        self, meeting: Meeting
    ) -> None:
        etag = (await read(meeting.first, meeting)).headers["ETag"]
        async with transaction(meeting.registry.behind) as session:
            touch = text('UPDATE "overlaps" SET version = version + 1 WHERE id = :id')
            await session.execute(touch, {"id": meeting.key})
            late = asyncio.create_task(step(meeting.first, meeting, "acknowledge", etag))
            waits = text(
                "SELECT count(*) FROM pg_locks"  # a transaction sees one state of activity alone
                " WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            )
            while not await session.scalar(waits):
                done, _ = await asyncio.wait([late], timeout=0.01)
                assert not done
        answer = await late
        assert (answer.status_code, answer.json()["code"]) == (409, "follow-up-state")
        assert answer.json()["status_now"] == "new"

    async def test_begin_anew_when_the_evidence_changes_and_in_time(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        await find_long_ago(meeting)
        assert (await read(meeting.second, meeting)).json()["due"]["is_overdue"]
        await meeting.first.say(meeting.overlap_id, "not_a_match", "different_person")
        assert (await step(meeting.first, meeting, "resolve")).json()["state"] == "resolved"
        number = phone()
        for client, body in (
            (meeting.first, meeting.first_case),
            (meeting.second, meeting.second_case),
        ):
            more = someone(ref="2", phones=(number,))
            changed = case(*body["subjects"], more)
            assert (await client.put_case("24-1", changed)).status_code == 200
        fresh = (await read(meeting.first, meeting)).json()
        assert (fresh["state"], fresh["round"], fresh["resolved_at"]) == ("new", 2, None)
        for side in (meeting.first, meeting.second):
            due = (await read(side, meeting)).json()["due"]
            assert (due["step"], due["is_overdue"]) == ("acknowledge", False)
        kept = (await step(meeting.first, meeting, "acknowledge")).json()
        assert (kept["state"], kept["round"], kept["resolution"]) == ("acknowledged", 2, None)

    async def test_are_in_time_when_what_was_retracted_holds_again(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        await find_long_ago(meeting)
        await meeting.first.put_case("24-1", case(someone()))
        await meeting.first.put_case("24-1", meeting.first_case)
        assert not (await read(meeting.second, meeting)).json()["due"]["is_overdue"]

    async def test_owe_agreement_while_the_answers_differ(self, meeting: Meeting) -> None:
        await find_long_ago(meeting)
        await meeting.first.say(meeting.overlap_id, "confirmed")
        assert (await read(meeting.first, meeting)).json()["due"] is None
        await meeting.second.say(meeting.overlap_id, "need_information")
        assert (await read(meeting.first, meeting)).json()["due"] is None
        await meeting.second.say(meeting.overlap_id, "not_a_match", "different_person")
        for side in (meeting.first, meeting.second):
            due = (await read(side, meeting)).json()["due"]
            assert (due["step"], due["is_overdue"]) == ("agree", False)
        await judge_long_ago(meeting)
        for reason, is_late in (("different_person", True), ("wrong_data", False)):
            await meeting.second.say(meeting.overlap_id, "not_a_match", reason)
            assert (await read(meeting.first, meeting)).json()["due"]["is_overdue"] is is_late
        assert (await step(meeting.second, meeting, "resolve")).json()["due"] is None
        assert (await read(meeting.first, meeting)).json()["due"]["step"] == "agree"
        await meeting.second.say(meeting.overlap_id, "confirmed")
        assert (await read(meeting.first, meeting)).json()["due"] is None


async def find_long_ago(meeting: Meeting) -> None:
    """Let the overlap have been found two hundred days ago."""
    await meeting.registry.rows(
        "UPDATE \"overlaps\" SET found_at = found_at - interval '200 days' WHERE id = :id"
        " RETURNING id",
        id=meeting.key,
    )


async def judge_long_ago(meeting: Meeting) -> None:
    """Let both verdicts have been given two hundred days ago."""
    await meeting.registry.rows(
        "UPDATE overlap_sides SET verdict_at = verdict_at - interval '200 days'"
        " WHERE overlap_id = :id RETURNING 1",
        id=meeting.key,
    )


async def put(client: httpx.AsyncClient, meeting: Meeting, person: str | None) -> httpx.Response:
    path = f"/v1/overlaps/{meeting.overlap_id}"
    etag = (await client.get(f"{path}/follow-up")).headers["ETag"]
    body = {"person": person}
    return await client.put(f"{path}/assignment", json=body, headers={"If-Match": etag})


async def listed(client: httpx.AsyncClient, **asked: Any) -> list[dict[str, Any]]:
    answer = await client.get("/v1/follow-ups", params=asked)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


class TestAssignment:
    async def test_is_listed_to_whom_it_is_given_and_hidden_from_the_other_office(
        self, meeting: Meeting
    ) -> None:
        person = await sign_in(meeting.registry, meeting.first, Role.PROSECUTOR)
        me = public_id("psn", person.key)
        assert await listed(person.http, assigned="me") == []
        given = await put(person.http, meeting, me)
        assert given.json()["assignee"]["person"] == me, given.text
        (mine,) = await listed(person.http, assigned="me")
        assert (mine["overlap"]["id"], mine["state"]) == (meeting.overlap_id, "new")
        assert await listed(person.http, assigned="nobody") == []
        assert await listed(person.http, state="resolved") == []
        (theirs,) = await listed(meeting.second.http)
        assert (theirs["assignee"], theirs["version"]) == (None, "0-1")
        assert (await put(person.http, meeting, None)).json()["assignee"] is None
        actions = [
            each["action"]
            for action in ("follow_up.assigned", "follow_up.unassigned")
            for each in await meeting.registry.audit(action)
            if each["object"] == meeting.overlap_id
        ]
        assert actions == ["follow_up.assigned", "follow_up.unassigned"]

    @pytest.mark.parametrize("gone", ["disabled", "walled"])
    async def test_to_who_sees_to_it_no_longer_counts_as_nobodys(
        self, meeting: Meeting, gone: str
    ) -> None:
        person = await sign_in(meeting.registry, meeting.first, Role.PROSECUTOR)
        lead = await sign_in(meeting.registry, meeting.first, Role.LEADERSHIP)
        assert (await put(person.http, meeting, public_id("psn", person.key))).status_code == 200
        page = "/overlaps?turn=all&assigned=nobody"
        assert meeting.overlap_id not in (await lead.http.get(page)).text
        if gone == "walled":
            wall = {"person": public_id("psn", person.key)}
            assert (await lead.send("POST", "/v1/cases/cms/24-1/walls", wall)).status_code == 201
        else:
            await meeting.registry.rows(
                "UPDATE persons SET disabled_at = now(), disabled_for = 'idle' WHERE id = :id"
                " RETURNING id",
                id=person.key,
            )
        (left,) = await listed(meeting.first.http, assigned="nobody")
        assert (left["overlap"]["id"], left["assignee"]) == (meeting.overlap_id, None)
        assert meeting.overlap_id in (await lead.http.get(page)).text

    async def test_of_who_cannot_see_to_it_is_refused(self, meeting: Meeting) -> None:
        stranger = await sign_in(meeting.registry, meeting.second, Role.PROSECUTOR)
        auditor = await sign_in(meeting.registry, meeting.first, Role.AUDITOR)
        walled = await sign_in(meeting.registry, meeting.first, Role.PROSECUTOR)
        lead = await sign_in(meeting.registry, meeting.first, Role.LEADERSHIP)
        wall = {"person": public_id("psn", walled.key)}
        assert (await lead.send("POST", "/v1/cases/cms/24-1/walls", wall)).status_code == 201
        for person in (stranger, auditor, walled):
            answer = await put(meeting.first.http, meeting, public_id("psn", person.key))
            assert (answer.status_code, answer.json()["code"]) == (422, "assignee-invalid")
