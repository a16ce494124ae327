"""Matters as lists: those of an office, and what is long in one of them."""

import asyncio
from datetime import date, timedelta

from app.core.clock import utc_now
from tests.access.people import approve_summary
from tests.factories import OfficeClient, Registry
from tests.handling.heads import draft, good, settle
from tests.scenes import all_ended, make_offices, meet


class TestListMatters:
    async def test_has_the_offices_own_by_state_and_part(self, shared_registry: Registry) -> None:
        sides, first = await draft(shared_registry)
        matters = [(await settle(sides, first))["matter_id"]]
        (_, outsider) = await make_offices(shared_registry)
        http = sides[1].office.http

        async def listed(query: str = "") -> list[tuple[str, bool]]:
            found = good(await http.get(f"/v1/matters{query}"))["items"]
            return [(each["id"], each["is_lead"]) for each in found]

        assert await listed() == [(matters[0], False)]
        for query, has in (
            *(("?state=open", True), ("?state=ended", False)),
            *(("?role=party", True), ("?role=lead", False), ("?state=open&role=lead", False)),
        ):
            assert (await listed(query) != []) is has, query
        concluded = {"decision": "conclude", "reason": "transferred"}
        good(await sides[0].send(first, "decisions", concluded))
        assert await listed("?state=ended") == [(matters[0], False)]
        assert await listed("?state=open") == []
        one = good(await http.get("/v1/matters?limit=1"))
        rest = good(await http.get(f"/v1/matters?limit=1&cursor={one['next_cursor']}"))
        assert ([each["id"] for each in one["items"]], rest["items"]) == (matters, [])
        assert good(await outsider.http.get("/v1/matters"))["items"] == []
        assert (await http.get("/v1/matters?state=lost")).status_code == 422


class TestLongMatter:
    async def test_of_a_big_team_each_is_told_and_taken_off(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry)
        matter = (await settle(sides, request))["matter_id"]
        await shared_registry.rows(
            """
            INSERT INTO matter_members
              (id, request_id, office_id, name, post, joined_on, added_by, added_at)
            SELECT gen_random_uuid(), request_id, lead_office_id, 'Dana Sample', 'analyst',
              began_on, 'test', now()
            FROM matters, generate_series(1, 10050) WHERE request_id = :id RETURNING 1
            """,
            id=request.removeprefix("hnd_"),
        )
        today = good(await sides[0].office.http.get(f"/v1/matters/{matter}"))["began_on"]
        joins = {"name": "Robin Sample", "post": "analyst", "joined_on": today}
        last = good(await sides[0].work(f"{matter}/members", joins))
        ended = await sides[0].work(f"{matter}/members/{last['id']}/ends", {"left_on": today})
        assert good(ended) == {**last, "left_on": today}
        told = good(await sides[1].office.http.get(f"/v1/matters/{matter}/team-statement"))
        assert len(told["members"]) == 10_051


class TestStatement:
    async def test_of_a_matter_that_is_over_has_nobody_on_the_team_any_more(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry)
        matter = (await settle(sides, request))["matter_id"]
        today = utc_now().date()
        later = [today + timedelta(days=days) for days in (1, 3, 1000)]
        for joined, left in ((today, None), (today, later[1]), (later[0], None)):
            joins = {"name": "Dana Sample", "post": "analyst", "joined_on": joined.isoformat()}
            member = good(await sides[0].work(f"{matter}/members", joins))["id"]
            if left is not None:
                ends = {"left_on": left.isoformat()}
                good(await sides[0].work(f"{matter}/members/{member}/ends", ends))

        async def team(on: date | None = None) -> list[str | None]:
            params = {} if on is None else {"on": on.isoformat()}
            path = f"/v1/matters/{matter}/team-statement"
            found = good(await sides[1].office.http.get(path, params=params))
            return [each["left_on"] for each in found["members"]]

        assert await team() == [None, later[1].isoformat(), None]
        assert [len(await team(day)) for day in (today, *later)] == [2, 3, 3, 0]
        concluded = {"decision": "conclude", "reason": "transferred"}
        good(await sides[0].send(request, "decisions", concluded))
        assert await team() == [today.isoformat()] * 2
        assert [len(await team(day)) for day in (today, *later)] == [2, 0, 0, 0]


class TestTwoAtOnce:
    async def test_of_a_task_or_a_member_one_wins_and_the_others_are_told(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry)
        matter = (await settle(sides, request))["matter_id"]
        lead, other = sides
        today = good(await lead.office.http.get(f"/v1/matters/{matter}"))["began_on"]
        asked = {"office": other.office.code, "kind": "filing", "due_on": today}
        task = good(await lead.work(f"{matter}/tasks", asked))["id"]
        joins = {"name": "Robin Sample", "post": "analyst", "joined_on": today}
        member = good(await other.work(f"{matter}/members", joins))["id"]
        for path, body, status in (
            (f"{matter}/tasks/{task}/completions", {}, "done"),
            (f"{matter}/members/{member}/ends", {"left_on": today}, "left"),
        ):
            assert (await lead.work(path, body)).status_code == 404  # not its own
            answers = await asyncio.gather(*(other.work(path, body) for _ in range(3)))
            assert sorted(each.status_code for each in answers) == [200, 409, 409]
            lost = [each.json() for each in answers if each.status_code == 409]
            assert [each["status_now"] for each in lost] == [status, status]


class TestPotentialDisclosure:
    async def test_gives_each_party_a_task_of_its_own_and_decides_nothing(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry, 3)
        matter = (await settle(sides, request))["matter_id"]
        written = {"kind": "contact_made", "text": "A witness took back what was said."}
        plain = good(await sides[0].work(f"{matter}/notes", written))
        asking = good(await sides[1].work(f"{matter}/notes", {**written, "asks_disclosure": True}))
        assert [plain["asks_disclosure"], asking["asks_disclosure"]] == [False, True]
        http = sides[2].office.http
        notes = good(await http.get(f"/v1/matters/{matter}/notes"))["items"]
        assert [each["asks_disclosure"] for each in notes] == [True, False]
        tasks = good(await http.get(f"/v1/matters/{matter}/tasks"))["items"]
        assert [(each["kind"], each["office"], each["done_at"]) for each in tasks] == [
            ("disclosure_review", side.office.code, None) for side in sides
        ]
        await all_ended(shared_registry)
        for side in sides:
            found = good(await side.office.http.get("/v1/events", params={"limit": 100}))["items"]
            told = [each["request_id"] for each in found if each["type"] == "matter.task_given"]
            assert told == [request]
        done = f"{matter}/tasks/{tasks[2]['id']}/completions"
        good(await sides[2].work(done, {}))
        tasks = good(await http.get(f"/v1/matters/{matter}/tasks"))["items"]
        assert [each["done_at"] is None for each in tasks] == [True, True, False]


class TestOriginOfCase:
    async def test_has_what_came_without_a_matter_and_names_no_pointer(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry, "open", "contact_first")

        async def origin(side: OfficeClient) -> list[tuple[str, bool]]:
            found = good(await side.http.get("/v1/cases/cms/24-1/origin?limit=100"))["items"]
            return [(each["what"], each["from_office"] is not None) for each in found]

        assert await origin(met.first) == []
        for side in (met.first, met.second):
            await side.overlaps()
        assert await origin(met.first) == [("pointer", False)]
        assert await origin(met.second) == [("pointer", True)]
        asked = good(await met.first.request_handling(met.overlap_id))
        good(await met.second.answer(asked["id"], {"answer": "accept"}))
        came = await origin(met.first)
        assert came[0] == ("pointer", True)
        assert {"contact", "answer"} <= {what for what, _ in came}
        one = good(await met.first.http.get("/v1/cases/cms/24-1/origin?limit=1"))
        path = f"/v1/cases/cms/24-1/origin?limit=1&cursor={one['next_cursor']}"
        assert good(await met.first.http.get(path))["items"] != one["items"]
        assert (await met.second.http.get("/v1/cases/cms/24-9/origin")).status_code == 404
        await approve_summary(met, met.second)
        ((approved, noted),) = await shared_registry.rows(
            "SELECT g.approved_at, e.at FROM case_grants g JOIN origin_entries e USING (overlap_id)"
            " WHERE g.overlap_id = :id AND g.approval = 'given' AND e.what = 'summary'",
            id=met.key,
        )
        assert approved == noted is not None
        came = await origin(met.first)
        assert came[-1] == ("summary", True)
        assert (await met.first.http.delete("/v1/cases/cms/24-1")).status_code == 204
        assert await origin(met.first) == [("pointer", False), *came[1:]]
