"""The check before an act: what it advises, what it never shows, and that it is kept."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.access.vocabulary import Role
from app.core.ids import public_id
from tests.access.people import sign_in
from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.handling.heads import draft, settle
from tests.scenes import Meeting, end_agreement, make_offices, meet, phone, someone


async def check(
    client: httpx.AsyncClient, act: str = "plea", external_id: str = "24-1"
) -> httpx.Response:
    return await client.post(f"/v1/cases/cms/{external_id}/checks", json={"act": act})


async def checked(client: OfficeClient, external_id: str = "24-1") -> list[dict[str, Any]]:
    answer = await check(client.http, external_id=external_id)
    assert answer.status_code == 201, answer.text
    overlaps: list[dict[str, Any]] = answer.json()["overlaps"]
    return overlaps


class TestCheck:
    async def test_names_whom_to_call_as_far_as_the_ladder_goes(
        self, shared_registry: Registry
    ) -> None:
        for way, step in (("open", "call"), ("contact_first", "request_contact")):
            meeting = await meet(shared_registry, "open", way)
            (found,) = await checked(meeting.first)
            (known,) = await meeting.first.overlaps()
            assert (found["overlap_id"], found["next_step"]) == (known["id"], step)
            for name in ("office", "contact"):
                assert found[name] == known["counterpart"][name]
                assert (found[name] is None) is (way != "open")
        path = f"/v1/overlaps/{meeting.overlap_id}/contact-requests"
        key = {"Idempotency-Key": uuid4().hex}
        asked = await meeting.first.http.post(path, json={"reason": "act_ahead"}, headers=key)
        assert asked.status_code == 201, asked.text
        assert (await checked(meeting.first))[0]["next_step"] == "await_contact"

    async def test_says_nothing_of_what_is_hidden(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry, "open", "silent")
        (lonely,) = await make_offices(shared_registry, 1)
        await lonely.put_case("24-1", case(someone()))
        hidden, none = [(await check(each.http)).json() for each in (meeting.first, lonely)]
        for answer in (hidden, none):
            for name in ("id", "checked_at", "checked_by"):
                answer.pop(name)
        assert hidden == none
        assert hidden["overlaps"] == []

    async def test_says_and_keeps_why_it_can_show_nothing(self, shared_registry: Registry) -> None:
        for because in (None, "held", "not_matched_yet", "not_participating"):
            meeting = await meet(shared_registry)
            office = meeting.first
            person = await sign_in(shared_registry, office, Role.LEADERSHIP)
            if because in {"held", "not_matched_yet"}:
                hold = {"reason": "An appeal is pending here."}
                held = await person.send("PUT", "/v1/cases/cms/24-1/hold", hold)
                assert held.status_code == 200, held.text
                if because != "held":
                    lifted = await person.send("DELETE", "/v1/cases/cms/24-1/hold")
                    assert lifted.is_success, lifted.text
            elif because:
                await end_agreement(shared_registry, office)
            answer = (await check(office.http)).json()
            assert (answer["blind_because"], len(answer["overlaps"])) == (because, not because)
            (kept,) = (await office.http.get("/v1/cases/cms/24-1/checks")).json()["items"]
            assert kept["blind_because"] == because
            page = (await person.http.get("/cases/cms/24-1/checks")).text
            assert ("could be known" in page) is bool(because)

    @pytest.mark.parametrize(
        ("codes", "kinds", "is_same"),
        [
            (("CA", "CA"), ("local", "local"), True),
            (("CA", "CA"), ("local", "attorney_general"), True),
            (("CA", "NV"), ("local", "local"), False),
            (("CA", "CA"), ("local", "tribal"), False),
        ],
    )
    async def test_tells_one_sovereign_from_two(
        self,
        shared_registry: Registry,
        codes: tuple[str, str],
        kinds: tuple[Any, Any],
        is_same: bool,  # noqa: FBT001 -- a column
    ) -> None:
        offices = [
            await shared_registry.add_office(f"{code}-{uuid4().hex[:8].upper()}", kind=kind)
            for code, kind in zip(codes, kinds, strict=True)
        ]
        meeting = await meet(shared_registry, offices=offices)
        for client in offices:
            assert (await checked(client))[0]["is_same_sovereign"] is is_same
        assert meeting.first is offices[0]

    async def test_tells_of_joint_handling_and_of_no_match(self, shared_registry: Registry) -> None:
        sides, request_id = await draft(shared_registry)
        asker, asked = sides
        overlap_id = (await asker.read(request_id))["overlap_id"]
        (found,) = await checked(asker.office, "24-0")
        assert found["handling"] == {"status": "draft", "is_own_lead": None}
        (found,) = await checked(asked.office, "24-0")
        assert found["handling"] is None
        await settle(sides, request_id)
        for side, leads, step in ((asker, True, "call"), (asked, False, "call_lead")):
            (found,) = await checked(side.office, "24-0")
            assert found["handling"] == {"status": "active", "is_own_lead": leads}
            assert found["next_step"] == step
        for client in (asker.office, asked.office):
            await client.say(overlap_id, "not_a_match", "different_person")
        (found,) = await checked(asker.office, "24-0")
        assert (found["verdict"], found["next_step"]) == ("not_a_match", "none")

    async def test_shows_the_strongest_first_and_each_once(self, shared_registry: Registry) -> None:
        me, *others = await make_offices(shared_registry, 4)
        people = [someone(ref=str(place), phones=(phone(),)) for place in range(3)]
        for place, office in enumerate(others):
            await office.put_case(f"24-{place}", case(people[place]))
        await me.put_case("24-1", case(*people))
        found = await checked(me)
        assert len({each["overlap_id"] for each in found}) == len(others)
        strengths = [each["strength"] for each in found]
        assert strengths == sorted(strengths, reverse=True)

    async def test_ranks_pointers_of_a_band_as_if_no_strength_were_known(
        self, shared_registry: Registry
    ) -> None:
        me, first, second = await make_offices(shared_registry, 3)
        numbers = (phone(),)
        named: dict[str, Any] = {"given": "Alex", "surname": "Stonequillon", "born": "1961-04-09"}
        ways = {"disclosure": "contact_first"}
        own = case(someone(phones=numbers, **named))
        await me.put_case("24-1", own)
        await first.put_case("24-1", case(someone(**named), **ways))
        await second.put_case("24-1", case(someone(phones=numbers, **named), **ways))
        answer = await me.put_case("24-1", own)
        ids = [each["overlap_id"] for each in await checked(me)]
        assert ids == sorted(ids)
        assert [each["id"] for each in answer.json()["overlaps"]] == ids
        stored = await shared_registry.rows(
            'SELECT o.strength, o.band FROM "overlaps" o'
            " JOIN overlap_sides s ON s.overlap_id = o.id"
            " JOIN offices f ON f.id = s.office_id WHERE f.code = :code ORDER BY o.id",
            code=me.code,
        )
        (weaker, band), (stronger, other_band) = stored
        assert (weaker < stronger, band) == (True, other_band), stored


class TestRecord:
    async def test_is_kept_with_who_when_act_and_what_was_shown(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        person = await sign_in(shared_registry, meeting.first, Role.PROSECUTOR)
        made = [
            (await check(client, act)).json()
            for client, act in ((meeting.first.http, "plea"), (person.http, "declination"))
        ]
        path = "/v1/cases/cms/24-1/checks"
        listed = (await meeting.first.http.get(path)).json()["items"]
        assert [(each["id"], each["act"]) for each in listed] == [
            (each["id"], each["act"]) for each in reversed(made)
        ]
        assert listed[0]["checked_by"] == f"person:{person.key}"
        (shown,) = listed[0]["shown"]
        assert shown == {name: made[1]["overlaps"][0][name] for name in shown}
        (entry,) = [
            each
            for each in await shared_registry.audit("case.checked")
            if each["object"] == made[0]["id"]
        ]
        assert entry["detail"] == {"act": "plea", "overlaps": {meeting.overlap_id: "contact"}}

    async def test_of_anothers_case_or_behind_a_wall_is_not_found(
        self, shared_registry: Registry
    ) -> None:
        meeting: Meeting = await meet(shared_registry, external_id="24-only")
        (third,) = await make_offices(shared_registry, 1)
        walled = await sign_in(shared_registry, meeting.first, Role.PROSECUTOR)
        lead = await sign_in(shared_registry, meeting.first, Role.LEADERSHIP)
        wall = {"person": public_id("psn", walled.key)}
        await lead.send("POST", "/v1/cases/cms/24-only/walls", wall)
        for client in (third.http, walled.http):
            answer = await check(client, external_id="24-only")
            assert (answer.status_code, answer.json()["code"]) == (404, "case-not-found")
            assert (await client.get("/v1/cases/cms/24-only/checks")).status_code == 404
