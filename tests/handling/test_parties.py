"""Offices that join an agreement in force, and offices that leave it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from app.access.principal import OPERATOR
from app.core.clock import utc_now
from app.core.db import transaction
from app.handling import upkeep
from tests.factories import Registry
from tests.handling.heads import Side, draft, good, settle
from tests.scenes import all_ended, make_offices

Json = dict[str, Any]
LEAVE = {"decision": "leave"}


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def key_of(request: str) -> str:
    return request.removeprefix("hnd_")


async def three(registry: Registry) -> tuple[list[Side], str, str]:
    """Return three offices, the request and the matter of their agreement; the first leads."""
    sides, request = await draft(registry, 3)
    return sides, request, (await settle(sides, request))["matter_id"]


async def night(registry: Registry, *, days: int) -> None:
    """Release whose notice is over so many days from now."""
    later = utc_now() + timedelta(days=days)
    async with transaction(registry.operator) as session:
        await upkeep.release_parties(session, OPERATOR, limit=500, now=later)


class TestJoining:
    async def test_takes_the_signatures_of_all_and_then_its_own(
        self, shared_registry: Registry
    ) -> None:
        sides, request, matter = await three(shared_registry)
        newcomer = Side(shared_registry, (await make_offices(shared_registry, 1))[0])
        path = f"/v1/handling-requests/{request}"

        async def sees() -> list[int]:
            paths = (path, f"/v1/matters/{matter}", f"/v1/matters/{matter}/notes")
            return [(await newcomer.office.http.get(each)).status_code for each in paths]

        again = {"answer": "admit", "office": sides[2].office.code}
        refused = await sides[0].send(request, "answers", again)
        assert code(refused) == (422, "handling-parties-invalid")
        admit = {"answer": "admit", "office": newcomer.office.code}
        proposed = good(await sides[1].send(request, "answers", admit))
        assert "amend" in proposed["steps"]
        assert "sign" not in proposed["steps"]
        for side in sides:
            assert await sees() == [404, 404, 404]
            signed = good(await side.sign(request))
            assert (signed["agreed_number"], len(signed["parties"])) == (1, 3 + (side is sides[2]))
        assert await sees() == [200, 404, 404]
        told = await newcomer.read(request)
        assert (told["steps"], told["direction"]) == (["amend"], "received")
        no = await newcomer.send(request, "answers", {"answer": "extend", "ends_on": "2027-01-01"})
        assert code(no) == (409, "handling-request-not-yours-to-answer")
        joined = good(await newcomer.sign(request))
        assert (joined["status"], joined["agreed_number"]) == ("active", 2)
        assert joined["parties"][3]["joined_at"] is not None
        assert await sees() == [200, 200, 200]
        terms = good(await newcomer.office.http.get(f"{path}/terms"))["items"][1]
        assert terms["party_change"].endswith("joins when all have signed, it last.")
        assert terms["changes"] == []
        today = utc_now().date().isoformat()
        works = {"name": "Kim Sample", "post": "analyst", "joined_on": today}
        assert (await newcomer.work(f"{matter}/members", works)).status_code == 201
        origin = good(await newcomer.office.http.get(f"/v1/matters/{matter}/origin"))["items"]
        assert [each["what"] for each in origin] == ["request"] + ["agreement"] * 3

    async def test_is_over_for_who_was_only_asked_when_something_else_is_proposed(
        self, shared_registry: Registry
    ) -> None:
        sides, request, _ = await three(shared_registry)
        newcomer = Side(shared_registry, (await make_offices(shared_registry, 1))[0])
        admit = {"answer": "admit", "office": newcomer.office.code}
        good(await sides[0].send(request, "answers", admit))
        for side in sides:
            good(await side.sign(request))
        ends_on = (utc_now() + timedelta(days=300)).date().isoformat()
        good(await sides[1].send(request, "answers", {"answer": "extend", "ends_on": ends_on}))
        path = f"/v1/handling-requests/{request}"
        assert (await newcomer.office.http.get(path)).status_code == 404
        for side in sides:
            signed = good(await side.sign(request))
        assert (signed["status"], signed["ends_on"]) == ("extended", ends_on)
        good(await sides[0].send(request, "answers", admit))  # it can be asked again


class TestTasksOfWhoLeft:
    async def test_stay_as_they_were_to_who_had_left_before(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry, 4)
        lead, early, late, stays = sides
        matter = (await settle(sides, request))["matter_id"]
        today = utc_now().date().isoformat()
        for side in (late, late, early):
            task = {"office": side.office.code, "kind": "filing", "due_on": today}
            good(await lead.work(f"{matter}/tasks", task))

        async def tasks(side: Side) -> list[tuple[str, bool]]:
            found = good(await side.office.http.get(f"/v1/matters/{matter}/tasks"))["items"]
            return [(each["office"], each["done_at"] is not None) for each in found]

        good(await early.send(request, "decisions", LEAVE))
        for side in sides:
            good(await side.sign(request))
        done = good(await late.office.http.get(f"/v1/matters/{matter}/tasks"))["items"][0]["id"]
        good(await late.work(f"{matter}/tasks/{done}/completions", {}))
        good(await late.send(request, "decisions", LEAVE))
        for side in (late, lead, stays):
            good(await side.sign(request))
        codes = [side.office.code for side in (lead, early, late)]
        assert await tasks(early) == [(codes[2], False), (codes[2], False), (codes[1], False)]
        assert await tasks(late) == [(codes[2], True), (codes[2], False), (codes[0], False)]
        assert await tasks(stays) == [(codes[2], True), (codes[0], False), (codes[0], False)]

    async def test_pass_by_the_clock_of_the_registry(self, shared_registry: Registry) -> None:
        """Not by the database's: who left is told what there was by the same clock."""
        sides, request = await draft(shared_registry, 4)
        lead, early, late, _ = sides
        matter = (await settle(sides, request))["matter_id"]
        today = utc_now().date().isoformat()
        task = {"office": late.office.code, "kind": "filing", "due_on": today}
        good(await lead.work(f"{matter}/tasks", task))
        for day, side in enumerate((early, late), start=15):
            good(await side.send(request, "decisions", LEAVE))
            await night(shared_registry, days=day)
        for side, now_its in ((early, late), (lead, lead)):
            (told,) = good(await side.office.http.get(f"/v1/matters/{matter}/tasks"))["items"]
            assert told["office"] == now_its.office.code
        await all_ended(shared_registry)
        for side, how_many in ((lead, 1), (late, 1), (early, 0)):
            news = good(await side.office.http.get("/v1/events", params={"limit": 100}))["items"]
            assert [each["type"] for each in news].count("matter.task_given") == how_many


class TestLeaving:
    async def test_at_once_when_all_have_signed_ends_its_part_and_nothing_else(
        self, shared_registry: Registry
    ) -> None:
        (lead, leaver, other), request, matter = await three(shared_registry)
        today = utc_now().date().isoformat()
        works = {"name": "Dana Sample", "post": "prosecutor", "joined_on": today}
        good(await leaver.work(f"{matter}/members", works))
        task = {"office": leaver.office.code, "kind": "filing", "due_on": today}
        good(await lead.work(f"{matter}/tasks", task))
        assert code(await lead.send(request, "decisions", LEAVE)) == (409, "party-stays")
        given = good(await leaver.send(request, "decisions", LEAVE))
        notice = (utc_now() + timedelta(days=14)).date().isoformat()
        assert given["parties"][1]["leaves_on"] == notice
        assert given["terms"]["forum"] == {"harm": 1}
        calendar = (await other.office.http.get(f"/v1/matters/{matter}/calendar")).text
        (event,) = (
            each for each in calendar.split("BEGIN:VEVENT")
            if f"SUMMARY:{leaver.office.code} leaves by notice" in each
        )  # fmt: skip
        assert f"DTSTART;VALUE=DATE:{notice.replace('-', '')}" in event
        told = good(await other.office.http.get(f"/v1/matters/{matter}/team-statement"))
        assert [each["leaves_on"] for each in told["parties"]] == [None, notice, None]
        text = good(await other.office.http.get(f"/v1/handling-requests/{request}/terms"))
        assert "Notice before leaving: 14 days" in text["items"][-1]["text"]
        assert "gives notice leaves when its days are over" in text["items"][-1]["text"]
        assert code(await leaver.send(request, "decisions", LEAVE)) == (409, "handling-step-taken")
        offer = {"office": leaver.office.code}
        assert code(await lead.work(f"{matter}/lead-offers", offer)) == (
            409, "lead-not-to-hand-over",
        )  # fmt: skip
        for side in (leaver, lead, other):
            signed = good(await side.sign(request))
        assert (signed["status"], signed["agreed_number"]) == ("active", 2)
        assert signed["parties"][1]["left_at"] is not None
        (moved,) = good(await lead.office.http.get(f"/v1/matters/{matter}/tasks"))["items"]
        assert moved["office"] == lead.office.code
        note = {"kind": "decision", "text": "Written after it left."}
        good(await lead.work(f"{matter}/notes", note))
        assert code(await leaver.work(f"{matter}/notes", note)) == (409, "matter-ended")
        read = await leaver.read(request)
        assert read["steps"] == []
        assert good(await leaver.office.http.get(f"/v1/matters/{matter}/notes"))["items"] == []
        statement = good(await leaver.office.http.get(f"/v1/matters/{matter}/team-statement"))
        assert [each["left_on"] for each in statement["members"]] == [today]
        assert code(await other.send(request, "decisions", LEAVE)) == (409, "party-stays")
        ends_on = (utc_now() + timedelta(days=300)).date().isoformat()
        good(await lead.send(request, "answers", {"answer": "extend", "ends_on": ends_on}))
        for side in (lead, other):
            extended = good(await side.sign(request))
        assert (extended["status"], extended["agreed_number"]) == ("extended", 3)
        known = await leaver.read(request)
        assert (known["terms_number"], known["agreed_number"]) == (2, 2)
        exported = good(await leaver.office.http.get(f"/v1/handling-requests/{request}/agreement"))
        assert [each["number"] for each in exported["versions"]] == [1, 2]

    async def test_happens_after_its_notice_without_anybodys_signature(
        self, shared_registry: Registry
    ) -> None:
        (lead, first, second), request, _ = await three(shared_registry)
        good(await first.send(request, "decisions", LEAVE))
        good(await second.send(request, "decisions", LEAVE))
        await night(shared_registry, days=13)
        assert [each["left_at"] for each in (await lead.read(request))["parties"]] == [None] * 3
        await night(shared_registry, days=15)
        # the first is released; with the second one the lead would be alone, so it all ends
        read = await lead.read(request)
        assert read["status"] == "expired"
        assert [each["left_at"] is None for each in read["parties"]] == [True, False, True]

    async def test_tells_who_has_left_nothing_of_later_notices_and_leavings(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry, 4)
        matter = (await settle(sides, request))["matter_id"]
        lead, *leavers = sides

        async def known(side: Side) -> list[list[tuple[bool, bool]]]:
            of_matter = good(await side.office.http.get(f"/v1/matters/{matter}"))
            return [
                [(each["leaves_on"] is not None, each["left_at"] is not None) for each in parties]
                for parties in ((await side.read(request))["parties"], of_matter["parties"])
            ]

        good(await leavers[0].send(request, "decisions", LEAVE))
        good(await leavers[1].send(request, "decisions", LEAVE))
        await shared_registry.rows(
            "UPDATE handling_parties SET left_at = now() WHERE request_id = :id AND number = 2"
            " RETURNING 1",
            id=key_of(request),
        )
        alone = [(False, False), (True, True), (False, False), (False, False)]
        assert await known(leavers[0]) == [alone, alone]
        await shared_registry.rows(
            "UPDATE handling_parties SET left_at = now() WHERE request_id = :id AND number = 3"
            " RETURNING 1",
            id=key_of(request),
        )
        assert await known(leavers[0]) == [alone, alone]
        both = [(False, False), (True, True), (True, True), (False, False)]
        assert await known(leavers[1]) == [both, both]
        all_of_it = [(False, False), (True, True), (True, True), (False, False)]
        assert await known(lead) == [all_of_it, all_of_it]

    async def test_ends_a_change_that_waits_for_its_signature(
        self, shared_registry: Registry
    ) -> None:
        (lead, leaver, other), request, _ = await three(shared_registry)
        good(await leaver.send(request, "decisions", LEAVE))
        ends_on = (utc_now() + timedelta(days=300)).date().isoformat()
        extend = {"answer": "extend", "ends_on": ends_on}
        assert good(await lead.send(request, "answers", extend))["has_lapsed"] is False
        good(await lead.sign(request))
        await shared_registry.rows(
            "UPDATE handling_parties SET leaves_on = current_date WHERE request_id = :id"
            " AND leaves_on IS NOT NULL RETURNING 1",
            id=key_of(request),
        )
        await night(shared_registry, days=0)
        read = await other.read(request)
        assert (read["has_lapsed"], "sign" in read["steps"]) == (True, False)
        assert code(await other.sign(request)) == (409, "handling-terms-lapsed")
        anew = good(await lead.send(request, "answers", extend))
        assert (anew["has_lapsed"], "sign" in anew["steps"]) == (False, True)

    async def test_leaves_nothing_to_sign_to_who_has_left(self, shared_registry: Registry) -> None:
        (lead, leaver, _), request, _ = await three(shared_registry)
        good(await leaver.send(request, "decisions", LEAVE))
        await night(shared_registry, days=15)
        assert code(await lead.sign(request)) == (409, "handling-terms-lapsed")
        assert code(await leaver.sign(request)) == (409, "handling-request-not-yours-to-answer")

    async def test_of_the_lead_or_the_last_but_one_is_refused_by_the_database_too(
        self, shared_registry: Registry
    ) -> None:
        _, request, _ = await three(shared_registry)
        leave = (
            "UPDATE handling_parties SET left_at = now() WHERE request_id = :id"
            " AND number = :number RETURNING 1"
        )
        with pytest.raises(IntegrityError, match="the lead stays"):
            await shared_registry.rows(leave, id=key_of(request), number=1)
        await shared_registry.rows(leave, id=key_of(request), number=2)
        with pytest.raises(IntegrityError, match="the lead stays"):
            await shared_registry.rows(leave, id=key_of(request), number=3)
        with pytest.raises(IntegrityError, match="who leaves does not lead"):
            await shared_registry.rows(
                "UPDATE matters SET lead_office_id = (SELECT office_id FROM handling_parties"
                " WHERE request_id = :id AND number = 2) WHERE request_id = :id RETURNING 1",
                id=key_of(request),
            )


class TestOfferMeanwhile:
    async def test_lapses_with_the_notice_of_who_was_offered_the_lead(
        self, shared_registry: Registry
    ) -> None:
        (lead, leaver, other), request, matter = await three(shared_registry)
        of_lead = {"from_office": lead.office.code}

        async def offer(to: Side) -> str:
            offered = good(await lead.work(f"{matter}/lead-offers", {"office": to.office.code}))
            return f"{matter}/lead-offers/{offered['leads'][-1]['id']}/acceptances"

        path = await offer(leaver)
        good(await leaver.send(request, "decisions", LEAVE))
        assert code(await leaver.work(path, of_lead)) == (409, "lead-offer-lapsed")
        assert len(good(await lead.office.http.get(f"/v1/matters/{matter}"))["leads"]) == 1
        path = await offer(other)
        etag = f'"{(await lead.read(request))["version"]}"'
        await other.head()
        left, took = await asyncio.gather(
            other.send(request, "decisions", LEAVE, etag=etag), other.work(path, of_lead)
        )
        leads = (await lead.read(request))["lead"]["code"]
        if took.is_success:
            assert (code(left), leads) == ((409, "party-stays"), other.office.code)
            assert code(await other.work(path, {"from_office": leads})) == (
                409, "lead-offer-lapsed",
            )  # fmt: skip
        else:
            assert (code(took), leads) == ((409, "lead-offer-lapsed"), lead.office.code)
            assert left.is_success


class TestLeadMeanwhile:
    async def test_handed_over_leaves_an_extension_that_nobody_can_sign(
        self, shared_registry: Registry
    ) -> None:
        (lead, other, _), request, matter = await three(shared_registry)
        extend = {
            "answer": "extend",
            "ends_on": (utc_now() + timedelta(days=300)).date().isoformat(),
        }
        good(await other.send(request, "answers", extend))
        good(await lead.sign(request))
        offered = good(await lead.work(f"{matter}/lead-offers", {"office": other.office.code}))
        path = f"{matter}/lead-offers/{offered['leads'][-1]['id']}/acceptances"
        good(await other.work(path, {"from_office": lead.office.code}))
        assert code(await other.sign(request)) == (409, "handling-terms-lapsed")
        anew = good(await lead.send(request, "answers", extend))
        assert anew["terms"]["lead"] == 2
        assert good(await other.sign(request))["lead"]["is_own"] is True
