"""What parties are told without asking, and what the clock makes of silence."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.preconditions import Precondition
from app.handling import deeming
from app.handling import upkeep as requests
from app.handling.answering import answer_request
from app.handling.errors import ReasonNeededError
from app.handling.reading import read_request
from app.handling.schemas import HandlingDecline, HandlingSign
from app.handling.signing import sign_request
from app.handling.terms import ATTESTATION
from app.matters import upkeep
from app.offices import service as offices
from app.offices.schemas import StateSet
from app.reference.authority import AUTHORITIES, Authority
from tests.access.people import Person, sign_in
from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.handling.heads import Side, draft, good, settle
from tests.handling.table import head_of
from tests.handling.test_agreements import send_out, with_general
from tests.handling.test_cases_alone import ask
from tests.scenes import all_ended, make_offices, phone, someone

LAW: Final = Authority(
    "WY",
    "both",
    "criminal",
    basis="on_consent",
    citation="An invented law, section 1",
    on_silence="deemed_consent",
    silence_days=21,
)


async def news(registry: Registry, office: OfficeClient, request: str) -> list[str]:
    """Return the types of the office's events about a request, oldest first."""
    await all_ended(registry)
    found = good(await office.http.get("/v1/events", params={"limit": 100}))["items"]
    return [each["type"] for each in found if each["request_id"] == request]


async def about(person: Person) -> set[tuple[str, str | None]]:
    """Return of each notice of a person its type and the number of the case that it is about."""
    found = good(await person.send("GET", "/v1/me/notices?limit=100"))["items"]
    return {(each["event"]["type"], (each["case"] or {}).get("external_id")) for each in found}


class TestEvents:
    async def test_tell_each_party_of_each_step_it_may_know_of(
        self, shared_registry: Registry
    ) -> None:
        (first, second), request = await draft(shared_registry)
        good(await first.send(request, "moves", {"move": "submit"}))
        assert await news(shared_registry, first.office, request) == ["handling.updated"]
        assert await news(shared_registry, second.office, request) == []
        good(await first.sign(request))
        good(await second.send(request, "answers", {"answer": "accept"}))
        good(await first.sign(request))
        matter = good(await second.sign(request))["matter_id"]
        good(await first.work(f"{matter}/lead-offers", {"office": second.office.code}))
        concluded = {"decision": "conclude", "reason": "transferred"}
        good(await first.send(request, "decisions", concluded))
        assert await news(shared_registry, second.office, request) == [
            "handling.requested",
            *["handling.updated"] * 3,
            "matter.lead_offered",
            "handling.ended",
        ]

    async def test_remind_of_each_review_once(self, shared_registry: Registry) -> None:
        (first, second), request = await draft(shared_registry)
        await settle([first, second], request)

        async def remind(days: int) -> int:
            await shared_registry.rows(  # of this matter alone
                "UPDATE matters SET reminded_on = '2100-01-01' WHERE request_id <> :id RETURNING 1",
                id=request.removeprefix("hnd_"),
            )
            async with transaction(shared_registry.operator) as session:
                later = utc_now() + timedelta(days=days)
                return await upkeep.remind_of_reviews(session, OPERATOR, limit=9, now=later)

        assert [await remind(days) for days in (29, 30, 31, 59, 65, 66)] == [0, 1, 0, 0, 1, 0]
        told = await news(shared_registry, second.office, request)
        assert told.count("matter.review_due") == 2


class TestNotices:
    async def test_say_which_case_of_their_reader_is_meant(self, shared_registry: Registry) -> None:
        offices = first, second = await make_offices(shared_registry)
        people = [await sign_in(shared_registry, each, Role.LEADERSHIP) for each in offices]
        body = case(someone(phones=(phone(),)))
        for office, number in zip(offices, ("24-1", "B-7"), strict=True):
            assert (await office.put_case(number, body)).is_success
        ((overlap,), _) = [await office.overlaps() for office in offices]
        asked = good(await first.request_handling(overlap["id"]))
        good(await second.answer(asked["id"], {"answer": "accept"}))
        good(await ask(first, second.code, kind="information"))  # about no case of the second's
        await all_ended(shared_registry)
        ours, theirs = [await about(each) for each in people]
        assert {number for _, number in ours} == {"24-1"}
        assert {kind for kind, _ in ours} == {
            "overlap.found",
            "overlap.updated",
            "handling.updated",
        }
        assert {("overlap.found", "B-7"), ("handling.requested", "B-7")} < theirs
        assert {each for each in theirs if each[1] != "B-7"} == {("handling.requested", None)}
        for person, number, other in ((people[0], "24-1", "B-7"), (people[1], "B-7", "24-1")):
            text = (await person.http.get("/notices")).text
            assert f"Case {number}<br>" in text
            assert other not in text
        feed = good(await second.http.get("/v1/events"))["items"]
        assert {each["case"] for each in feed} == {None}

    async def test_about_a_case_behind_a_wall_are_not_told(self, shared_registry: Registry) -> None:
        (first, second), request = await draft(shared_registry)
        person = await sign_in(shared_registry, second.office, Role.PROSECUTOR)
        good(await first.send(request, "moves", {"move": "submit"}))
        good(await first.sign(request))
        await all_ended(shared_registry)
        assert ("handling.requested", "24-0") in await about(person)
        wall = {"person": f"psn_{person.key.hex}"}
        good(await (await second.head()).send("POST", "/v1/cases/cms/24-0/walls", wall))
        assert await about(person) == set()


class TestSilence:
    async def test_is_consent_only_by_a_law_in_force_that_the_operator_switched_on(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await asked_by_general(shared_registry)
        late = utc_now() + timedelta(days=22)

        async def night(table: Any, now: datetime = late) -> str:
            async with transaction(shared_registry.operator) as session:
                await deeming.deem_consents(session, OPERATOR, limit=99, now=now, table=table)
            status: str = (await sides[0].read(request))["status"]
            return status

        async def switch(*, is_on: bool) -> None:
            async with transaction(shared_registry.operator) as session:
                switched = StateSet(state="WY", has_deemed_consent=is_on)
                await offices.set_state(session, OPERATOR, switched)

        await switch(is_on=False)  # another test may have been here
        assert await night([LAW]) == "sent"
        await switch(is_on=True)
        assert await night(AUTHORITIES) == "sent"
        assert await night([LAW], utc_now() + timedelta(days=20)) == "sent"
        assert await night([LAW]) == "accepted"
        read = await sides[0].read(request)
        assert (read["steps"], read["agreed_number"], read["lead"]) == (["close"], None, None)
        assert read["deemed_at"] is not None
        other = await sides[1].read(request)
        assert other["steps"] == []
        assert [each["has_signed"] for each in read["parties"]] == [False, False]
        assert read["parties"][1]["has_accepted"] is False
        laws = await shared_registry.rows(
            "SELECT o.code, a.detail ->> 'law' FROM audit_entries a"
            " JOIN offices o ON o.id = a.office_id"
            " WHERE a.action = 'handling.consent_deemed' AND a.object = :id ORDER BY a.id",
            id=str(UUID(request.removeprefix("hnd_"))),
        )
        assert [tuple(row) for row in laws] == [(s.office.code, LAW.citation) for s in sides]
        closed = good(await sides[0].send(request, "answers", {"answer": "close"}))
        assert (closed["status"], closed["end_reason"]) == ("concluded", "consent_on_record")

    async def test_that_a_law_waits_for_keeps_the_request_open_as_long(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await with_general(shared_registry, "WY", 1, asks=True)
        good(await sides[0].send(request, "moves", {"move": "submit"}))
        head = await head_of(shared_registry, sides[0].office)
        sent_at, key = utc_now(), UUID(request.removeprefix("hnd_"))
        async with shared_registry.acting(head) as session:
            known = await read_request(session, head, key, now=sent_at)
            match = Precondition.parse(known.etag)
            signed = HandlingSign(digest=known.digest or "", attestation=ATTESTATION, post="Head")
            sent = await sign_request(
                session, head, key, signed, if_match=match, now=sent_at, table=[LAW]
            )
        assert (sent.status, sent.due_at) == ("sent", sent_at + timedelta(days=21))
        statuses = []
        async with transaction(shared_registry.operator) as session:
            await offices.set_state(
                session, OPERATOR, StateSet(state="WY", has_deemed_consent=True)
            )
        for days in (14, 20, 22):
            here: Any = {"limit": 99, "now": sent_at + timedelta(days=days)}
            here["office_id"] = head.office_id
            async with transaction(shared_registry.operator) as session:
                await deeming.deem_consents(session, OPERATOR, table=[LAW], **here)
                await requests.expire_requests(session, OPERATOR, **here)
            statuses.append((await sides[0].read(request))["status"])
        assert statuses == ["sent", "sent", "accepted"]


class TestDenial:
    async def test_needs_reasons_in_writing_where_a_law_in_force_asks_for_them(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await asked_by_general(shared_registry)
        head = await head_of(shared_registry, sides[1].office)
        law = replace(LAW, denial_needs_reasons=True)

        async def decline(law: Authority, explanation: str | None) -> str:
            said = HandlingDecline(
                answer="decline", reason="insufficient_resources", explanation=explanation
            )
            async with shared_registry.acting(head) as session:
                known = await read_request(session, head, UUID(request[4:]), now=utc_now())
                match = Precondition.parse(known.etag)
                declined = await answer_request(
                    session, head, UUID(request[4:]), said, if_match=match, now=utc_now(),
                    table=[law],
                )  # fmt: skip
            return declined.status

        with pytest.raises(ReasonNeededError) as refused:
            await decline(law, None)
        assert [each.pointer for each in refused.value.problems] == ["/explanation"]
        assert (await sides[1].read(request))["status"] == "sent"
        why = "Two attorneys are on leave until spring."
        assert await decline(law, why) == "declined"
        assert (await sides[0].read(request))["explanation"] == why


async def asked_by_general(registry: Registry) -> tuple[list[Side], str]:
    """Return an Attorney General who has asked an office of Wyoming for the lead, and that one."""
    sides, request = await with_general(registry, "WY", 1, asks=True)
    await send_out(sides, request)
    return sides, request
