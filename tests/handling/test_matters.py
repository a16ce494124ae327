"""Matters as lists: those of an office, and what is long in one of them."""

from tests.factories import Registry
from tests.handling.heads import draft, good, settle
from tests.scenes import make_offices


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
