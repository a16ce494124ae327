"""Walls: nothing overrides them, and lifting one takes two persons."""

from typing import Any

import pytest

from app.access.vocabulary import Role
from app.core.ids import parse_public_id
from tests.access.people import Person, handle_jointly, sign_in
from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.scenes import Meeting, at_once, make_offices, meet, someone

PATH = "/v1/cases/cms/24-1/walls"


@pytest.fixture
async def meeting(shared_registry: Registry) -> Meeting:
    """Two offices that handle an overlap jointly: the most that is ever granted."""
    meeting = await meet(shared_registry)
    await handle_jointly(meeting)
    return meeting


async def everything(meeting: Meeting, client: OfficeClient | Person) -> list[Any]:
    """Return what the reader is answered of the overlap and its handling."""
    paths = ("/v1/overlaps", f"/v1/overlaps/{meeting.overlap_id}", "/v1/handling-requests")
    answers = [await client.http.get(path) for path in paths]
    return [(a.status_code, a.json().get("items", a.json().get("code"))) for a in answers]


NOTHING = [(200, []), (404, "overlap-not-found"), (200, [])]


class TestWalls:
    async def test_one_keeps_an_office_out_whatever_was_granted(self, meeting: Meeting) -> None:
        registry, owner, other = meeting.registry, meeting.second, meeting.first
        lead = await sign_in(registry, owner, Role.LEADERSHIP)
        person = await sign_in(registry, other, Role.LEADERSHIP, Role.PROSECUTOR)
        assert await everything(meeting, other) != NOTHING
        wall = await lead.send("POST", PATH, {"office": other.code})
        assert wall.status_code == 201, wall.text
        for reader in (other, person):
            assert await everything(meeting, reader) == NOTHING
        put = await other.put_case("24-1", meeting.first_case)
        assert put.json()["overlaps"] == []
        broken = await person.send(
            "POST", f"/v1/overlaps/{meeting.overlap_id}/glass-breaks", {"reason": "x" * 20}
        )
        assert (broken.status_code, broken.json()["code"]) == (404, "overlap-not-found")
        assert (await owner.overlaps())[0]["rung"] == "summary"

    async def test_one_keeps_a_person_of_ones_own_out(self, meeting: Meeting) -> None:
        registry, owner = meeting.registry, meeting.second
        admin = await sign_in(registry, owner, Role.ADMINISTRATOR)
        person = await sign_in(registry, owner, Role.PROSECUTOR, Role.LEADERSHIP)
        assert (await person.send("GET", "/v1/cases/cms/24-1")).status_code == 200
        body = {"person": f"psn_{person.key.hex}"}
        (first, second) = [await admin.send("POST", PATH, body) for _ in range(2)]
        assert first.json() == second.json()
        assert await everything(meeting, person) == NOTHING
        assert (await person.send("GET", "/v1/cases")).json()["items"] == []
        for method, path, sent in (
            ("GET", "/v1/cases/cms/24-1", None),
            ("PUT", "/v1/cases/cms/24-1", meeting.second_case),
            ("GET", "/v1/cases/cms/24-1/grants", None),
            ("GET", PATH, None),
            ("DELETE", f"{PATH}/{first.json()['id']}", None),
        ):
            answer = await person.send(method, path, sent)
            assert (answer.status_code, answer.json()["code"]) == (404, "case-not-found")
        assert await everything(meeting, owner) != NOTHING

    async def test_are_listed_page_by_page(self, meeting: Meeting) -> None:
        registry, owner = meeting.registry, meeting.second
        lead = await sign_in(registry, owner, Role.LEADERSHIP)
        others = await make_offices(registry, 3)
        made = [(await lead.send("POST", PATH, {"office": each.code})).json() for each in others]
        listed, address = [], f"{PATH}?limit=2"
        while address:
            page = (await lead.send("GET", address)).json()
            listed += page["items"]
            cursor = page["next_cursor"]
            address = cursor and f"{PATH}?limit=2&cursor={cursor}"
        assert listed == made

    async def test_lifting_takes_two_persons(self, meeting: Meeting) -> None:
        registry, owner, other = meeting.registry, meeting.second, meeting.first
        one, two = [await sign_in(registry, owner, Role.LEADERSHIP) for _ in range(2)]
        admin = await sign_in(registry, owner, Role.ADMINISTRATOR)
        wall = (await admin.send("POST", PATH, {"office": other.code})).json()
        path = f"{PATH}/{wall['id']}"
        assert (await admin.send("DELETE", path)).status_code == 403
        for _ in range(3):
            asked = (await one.send("DELETE", path)).json()
            assert (asked["lift_asked_at"] is None, asked["lifted_at"]) == (False, None)
        assert await everything(meeting, other) == NOTHING
        assert (await two.send("DELETE", path)).json()["lifted_at"] is not None
        assert await everything(meeting, other) != NOTHING
        gone = await one.send("DELETE", path)
        assert (gone.status_code, gone.json()["status_now"]) == (409, "lifted")

    async def test_a_request_to_lift_lapses_after_a_day(self, meeting: Meeting) -> None:
        registry, owner = meeting.registry, meeting.second
        one, two = [await sign_in(registry, owner, Role.LEADERSHIP) for _ in range(2)]
        wall = (await one.send("POST", PATH, {"office": meeting.first.code})).json()
        await one.send("DELETE", f"{PATH}/{wall['id']}")
        await registry.rows(
            "UPDATE case_walls SET lift_asked_at = lift_asked_at - interval '24 hours'"
            " WHERE id = CAST(:id AS uuid) RETURNING id",
            id=wall["id"][4:],
        )
        assert (await two.send("DELETE", f"{PATH}/{wall['id']}")).json()["lifted_at"] is None
        assert (await one.send("DELETE", f"{PATH}/{wall['id']}")).json()["lifted_at"] is not None

    @pytest.mark.parametrize(
        "meanwhile",
        ["disabled_at = now(), disabled_for = 'administrator'", "roles = '{administrator}'"],
    )
    async def test_who_may_lift_none_any_more_is_not_the_first_of_two(
        self, meeting: Meeting, meanwhile: str
    ) -> None:
        registry, owner = meeting.registry, meeting.second
        gone, one, two = [await sign_in(registry, owner, Role.LEADERSHIP) for _ in range(3)]
        wall = (await one.send("POST", PATH, {"office": meeting.first.code})).json()
        path = f"{PATH}/{wall['id']}"
        assert (await gone.send("DELETE", path)).json()["lift_asked_at"] is not None
        await registry.rows(
            f"UPDATE persons SET {meanwhile} WHERE id = :id RETURNING id",  # noqa: S608 -- as above
            id=gone.key,
        )
        assert (await one.send("DELETE", path)).json()["lifted_at"] is None
        assert await everything(meeting, meeting.first) == NOTHING
        assert (await two.send("DELETE", path)).json()["lifted_at"] is not None

    async def test_machine_clients_neither_set_nor_lift(self, meeting: Meeting) -> None:
        client = meeting.registry.client(
            meeting.second.code, meeting.second.client_id, "walls:set walls:lift"
        )
        set_one = await client.http.post(PATH, json={"office": meeting.first.code})
        lifted = await client.http.delete(f"{PATH}/wal_{'0' * 32}")
        assert (set_one.status_code, lifted.status_code) == (403, 403)

    @pytest.mark.parametrize(
        "body", [{}, {"office": "NO-SUCH"}, {"person": "me"}, {"person": f"psn_{0:032}"}]
    )
    async def test_of_another_form_is_refused(self, meeting: Meeting, body: Any) -> None:
        lead = await sign_in(meeting.registry, meeting.second, Role.LEADERSHIP)
        assert (await lead.send("POST", PATH, body)).status_code == 422

    async def test_of_a_person_of_another_office_is_refused(self, meeting: Meeting) -> None:
        lead = await sign_in(meeting.registry, meeting.second, Role.LEADERSHIP)
        other = await sign_in(meeting.registry, meeting.first, Role.PROSECUTOR)
        refused = await lead.send("POST", PATH, {"person": f"psn_{other.key.hex}"})
        assert (refused.status_code, refused.json()["code"]) == (422, "wall-invalid")

    async def test_of_anothers_case_is_as_of_none(self, meeting: Meeting) -> None:
        (third,) = await make_offices(meeting.registry, 1)
        lead = await sign_in(meeting.registry, third, Role.LEADERSHIP)
        answer = await lead.send("POST", PATH, {"office": meeting.first.code})
        assert (answer.status_code, answer.json()["code"]) == (404, "case-not-found")

    async def test_set_while_a_person_posts_keeps_it_from_the_case(
        self, shared_registry: Registry
    ) -> None:
        (client,) = await make_offices(shared_registry, 1)
        posted = case(someone())
        await client.put_case("24-1", posted)
        person = await sign_in(shared_registry, client, Role.PROSECUTOR)
        # who writes waits until this has ended, and then finds the wall
        lock = (
            "DO $$ BEGIN LOCK TABLE cases IN EXCLUSIVE MODE; INSERT INTO case_walls"
            " (id, case_id, person_id, set_at, set_by) SELECT gen_random_uuid(), c.id, p.id, now(),"
            " 'somebody' FROM cases c JOIN persons p USING (office_id)"
            " WHERE p.id = 'PERSON'; END $$"
        ).replace("PERSON", str(person.key))
        body = {**posted, "summary": "Changed by who is kept out."}
        (answer,) = await at_once(shared_registry, lock, [person.send("PUT", PATH[:-6], body)])
        assert (answer.status_code, answer.json()["code"]) == (404, "case-not-found")

    async def test_of_two_who_lift_it_at_once_one_does(self, meeting: Meeting) -> None:
        registry, owner, other = meeting.registry, meeting.second, meeting.first
        heads = [await sign_in(registry, owner, Role.LEADERSHIP) for _ in range(3)]
        wall = (await heads[0].send("POST", PATH, {"office": other.code})).json()
        path = f"{PATH}/{wall['id']}"
        await heads[0].send("DELETE", path)
        lock = "SELECT FROM case_walls WHERE id = :id FOR UPDATE"
        both, key = [each.send("DELETE", path) for each in heads[1:]], wall["id"]
        answers = await at_once(registry, lock, both, id=parse_public_id("wal", key))
        assert sorted(each.status_code for each in answers) == [200, 409]
        (lost,) = (each.json() for each in answers if each.status_code == 409)
        assert (lost["code"], lost["status_now"]) == ("wall-lifted", "lifted")
