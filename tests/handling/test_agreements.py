"""Agreements through HTTP: versions, leadership, papers, and what each party may not do or see."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import httpx
import pytest
from sqlalchemy.exc import IntegrityError

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import new_id, public_id
from app.handling import upkeep
from app.handling.asking import check_terms
from app.handling.deciding import MOST_INSTRUMENTS
from app.handling.terms import Terms
from app.reference.statutes import STATUTES
from tests.access.people import sign_in
from tests.factories import Registry
from tests.handling.heads import TERMS, Side, draft, good, settle
from tests.handling.table import LOCK
from tests.scenes import at_once, end_agreement, make_offices, meet

PAPER: Final = {
    "authority": "Tex. Gov't Code",
    "signatory": "District Attorney",
    "scope": "whole_matter",
    "dated_on": "2026-01-05",
    "document_sha256": "0" * 64,
}


async def with_general(
    registry: Registry, state: str, lead: int = 2, *, asks: bool = False, on_silence: str = "none"
) -> tuple[list[Side], str]:
    """Return a local office and its Attorney General's, one of which asked the other."""
    number = new_id().hex[-8:].upper()
    local = await registry.add_office(f"{state}-L{number}")
    general = await registry.add_office(f"{state}-G{number}", kind="attorney_general")
    both = [general, local] if asks else [local, general]
    overlap = (await meet(registry, offices=both)).overlap_id
    body = {
        "kind": "lead_transfer",
        "terms": {**TERMS, "lead": lead},
        "on_silence": on_silence,
    }
    drafted = await both[0].http.post(
        f"/v1/overlaps/{overlap}/handling-requests",
        json=body,
        headers={"Idempotency-Key": new_id().hex},
    )
    return [Side(registry, office) for office in both], good(drafted)["id"]


async def send_out(sides: list[Side], request: str) -> None:
    good(await sides[0].send(request, "moves", {"move": "submit"}))
    good(await sides[0].sign(request))


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestDraft:
    async def test_is_nobody_elses(self, shared_registry: Registry) -> None:
        sides, request = await draft(shared_registry)
        absent = public_id("hnd", new_id())
        path = "/v1/handling-requests/"
        for what in ("", "/terms", "/agreement"):
            hidden, missing = [
                await sides[1].office.http.get(f"{path}{key}{what}") for key in (request, absent)
            ]
            assert code(hidden) == code(missing) == (404, "handling-request-not-found")
        good(await sides[0].send(request, "moves", {"move": "withdraw"}))
        assert (await sides[1].office.http.get(f"{path}{request}")).status_code == 404

    async def test_hinders_nobody_and_the_first_to_be_sent_is_open(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        sides = [Side(shared_registry, each) for each in (meeting.first, meeting.second)]
        requests = [
            good(
                await side.office.http.post(
                    f"/v1/overlaps/{meeting.overlap_id}/handling-requests",
                    json={"kind": "joint_handling", "terms": TERMS},
                    headers={"Idempotency-Key": new_id().hex},
                )
            )["id"]
            for side in sides
        ]
        await send_out(sides[1:], requests[1])
        good(await sides[0].send(requests[0], "moves", {"move": "submit"}))
        lost = await sides[0].sign(requests[0])
        assert code(lost) == (409, "handling-request-open")
        assert lost.json()["status_now"] == "sent"
        assert (await sides[0].read(requests[0]))["status"] == "awaiting_own_leadership"

    async def test_goes_back_and_forth_with_leadership(self, shared_registry: Registry) -> None:
        sides, request = await draft(shared_registry)
        good(await sides[0].send(request, "moves", {"move": "submit"}))
        back = {"decision": "return", "reason": "terms_unsuitable"}
        assert good(await sides[0].send(request, "decisions", back))["status"] == "draft"
        revised = {"move": "revise", "terms": {**TERMS, "notice_days": 30}}
        assert good(await sides[0].send(request, "moves", revised))["terms_number"] == 2
        await send_out(sides, request)
        read = await sides[1].read(request)
        assert (read["status"], read["steps"]) == ("sent", ["counter", "accept", "decline"])

    async def test_says_in_words_why_there_and_what_a_version_changes_of_it(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry)
        forum = {"resources": 2, "harm": 1}
        revised = {"move": "revise", "terms": {**TERMS, "forum": forum}}
        assert good(await sides[0].send(request, "moves", revised))["terms"]["forum"] == forum
        path = f"/v1/handling-requests/{request}/terms"
        first, second = good(await sides[0].office.http.get(path))["items"]
        (change,) = second["changes"]
        assert change["field"] == "forum"
        assert change["after"].startswith("where most of the harm was done: ")
        assert "; who has the people and means: party 2, not yet named" in change["after"]
        assert f"Choice of forum: {change['before']}" in first["text"]
        assert f"Choice of forum: {change['after']}" in second["text"]
        unknown = {"move": "revise", "terms": {**TERMS, "forum": {"weather": 1}}}
        assert (await sides[0].send(request, "moves", unknown)).status_code == 422

    @pytest.mark.parametrize(
        ("changes", "place"),
        [
            ({"lead": 3}, "/terms/lead"),
            ({"victim_services_lead": 9}, "/terms/victim_services_lead"),
            ({"forum": {"stage": 1, "accused": 3}}, "/terms/forum/accused"),
            ({"ends_on": "2020-01-01"}, "/terms/ends_on"),
            ({"ends_on": (utc_now() + timedelta(days=731)).date().isoformat()}, "/terms/ends_on"),
        ],
    )
    async def test_with_bad_terms_is_refused(
        self, shared_registry: Registry, changes: dict[str, Any], place: str
    ) -> None:
        meeting = await meet(shared_registry)
        body = {"kind": "joint_handling", "terms": {**TERMS, **changes}}
        answer = await meeting.first.http.post(
            f"/v1/overlaps/{meeting.overlap_id}/handling-requests",
            json=body,
            headers={"Idempotency-Key": "bad-terms-1"},
        )
        assert code(answer) == (422, "handling-terms-invalid")
        assert answer.json()["errors"][0]["pointer"] == place

    async def test_names_laws_as_they_are_cited_and_nothing_that_identifies(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry)
        for cited in sorted({statute.citation for statute in STATUTES} | {"HRS 712-1202"}):
            terms = Terms.model_validate({**TERMS, "statutes": [cited]})
            check_terms(terms, 2, now=utc_now())
        for named in ("Doe, 123-45-6789", "Doe (209) 555-0142", "DOB 1-2-1990"):
            revised = {"move": "revise", "terms": {**TERMS, "statutes": ["PC 236.1", named]}}
            refused = await sides[0].send(request, "moves", revised)
            assert code(refused) == (422, "handling-terms-invalid")
            assert refused.json()["errors"][0]["pointer"] == "/terms/statutes/1"
            assert named not in refused.text

    @pytest.mark.parametrize("which", ["own", "twice", "absent", "lapsed"])
    async def test_with_an_office_that_cannot_be_asked_is_refused(
        self, shared_registry: Registry, which: str
    ) -> None:
        meeting = await meet(shared_registry)
        (lapsed,) = await make_offices(shared_registry, 1)
        await end_agreement(shared_registry, lapsed)
        codes = {"own": meeting.first.code, "twice": meeting.second.code, "lapsed": lapsed.code}
        answer = await meeting.first.http.post(
            f"/v1/overlaps/{meeting.overlap_id}/handling-requests",
            json={"kind": "consult", "offices": [codes.get(which, "NO-SUCH-OFFICE")]},
            headers={"Idempotency-Key": "bad-office-1"},
        )
        assert code(answer) == (422, "handling-parties-invalid")

    async def test_with_further_offices_tells_nothing_of_who_hides(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry, "open", "contact_first")
        (third,) = await make_offices(shared_registry, 1)
        answers = [
            await meeting.first.http.post(
                f"/v1/overlaps/{meeting.overlap_id}/handling-requests",
                json={"kind": "joint_handling", "terms": TERMS, "offices": [guessed]},
                headers={"Idempotency-Key": f"guess-{guessed}"},
            )
            for guessed in (meeting.second.code, third.code, "NO-SUCH-OFFICE")
        ]
        first, *others = [{**answer.json(), "trace_id": 0} for answer in answers]
        assert code(answers[0]) == (422, "handling-parties-invalid")
        assert others == [first, first]


class TestParties:
    async def test_are_named_to_each_other_when_they_answer_and_not_before(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry, 3)
        await send_out(sides, request)

        async def named(side: Side) -> list[bool]:
            return [each["office"] is not None for each in (await side.read(request))["parties"]]

        assert [await named(side) for side in sides] == [
            [True, True, True], [True, True, False], [True, False, True],
        ]  # fmt: skip
        good(await sides[1].send(request, "answers", {"answer": "accept"}))
        assert [await named(side) for side in sides] == [
            [True, True, True], [True, True, False], [True, True, True],
        ]  # fmt: skip

    @pytest.mark.parametrize("disclosure", ["open", "contact_first"])
    async def test_are_named_to_who_asks_as_far_as_their_overlaps_go(
        self, shared_registry: Registry, disclosure: str
    ) -> None:
        meeting = await meet(shared_registry, second=disclosure)
        asker, asked = meeting.first, meeting.second
        known = asked.code if disclosure == "open" else None

        async def named() -> set[str | None]:
            path = f"/v1/handling-requests/{request['id']}"
            listed = good(await asker.http.get("/v1/handling-requests"))["items"][0]
            reads = [good(await asker.http.get(path)), listed]
            return {(each["parties"][1]["office"] or {}).get("code") for each in reads}

        request = good(
            await asker.http.post(
                f"/v1/overlaps/{meeting.overlap_id}/handling-requests",
                json={"kind": "joint_handling", "terms": TERMS},
                headers={"Idempotency-Key": new_id().hex},
            )
        )
        assert (request["parties"][1]["office"] or {}).get("code") == known
        assert await named() == {known}
        sides = [Side(shared_registry, each) for each in (asker, asked)]
        await send_out(sides, request["id"])  # signs the text that was read
        assert await named() == {known}
        path = f"/v1/handling-requests/{request['id']}/terms"
        (version,) = good(await asker.http.get(path))["items"]
        assert "2. party 2, not yet named" in version["text"]
        await asked.put_case("24-1", {**meeting.second_case, "disclosure": "contact_first"})
        assert await named() == {None}
        good(await sides[1].send(request["id"], "answers", {"answer": "accept"}))
        assert await named() == {asked.code}

    async def test_behind_a_wall_know_of_nothing(self, shared_registry: Registry) -> None:
        sides, request = await draft(shared_registry, 3)
        await settle(sides, request)
        matter = (await sides[1].read(request))["matter_id"]
        head = await sides[0].head()
        walled = {"office": sides[1].office.code}
        set_ = await head.send("POST", "/v1/cases/cms/24-0/walls", walled)
        assert set_.status_code == 201, set_.text
        for path in (f"handling-requests/{request}", f"matters/{matter}"):
            hidden = await sides[1].office.http.get(f"/v1/{path}")
            absent = await sides[1].office.http.get(f"/v1/{path[:-4]}0000")
            assert {**hidden.json(), "trace_id": 0} == {**absent.json(), "trace_id": 0}
            assert (await sides[2].office.http.get(f"/v1/{path}")).status_code == 200

    async def test_whose_agreement_lapsed_are_named_no_longer(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry, 3)
        await settle(sides, request)
        await end_agreement(shared_registry, sides[2].office)
        path = f"/v1/handling-requests/{request}"
        assert (await sides[2].office.http.get(path)).status_code == 404
        assert [each["office"] is None for each in (await sides[1].read(request))["parties"]] == [
            False, False, True,
        ]  # fmt: skip


class TestSignedText:
    async def test_stays_as_the_first_signed_it_whatever_it_was_made_of_becomes(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry)
        await send_out(sides, request)
        good(await sides[1].send(request, "answers", {"answer": "accept"}))
        path = f"/v1/handling-requests/{request}"

        async def rename(name: str) -> None:
            await shared_registry.rows(
                "UPDATE offices SET name = :name WHERE code = :code RETURNING id",
                name=name,
                code=sides[1].office.code,
            )

        await rename("Renamed before anybody agreed")
        signed = good(await sides[0].sign(request))["digest"]
        await rename("Renamed since")
        assert good(await sides[1].sign(request))["status"] == "active"
        await rename("Renamed when in force")
        for side in sides:
            exported = good(await side.office.http.get(f"{path}/agreement"))
            agreed = [each for each in exported["signatures"] if each["purpose"] == "agree"]
            (version,) = exported["versions"]
            assert {each["text"] for each in agreed} == {version["text"]}
            assert [each["digest"] for each in agreed] == [signed, signed]
            assert exported["request"]["digest"] == version["digest"] == signed
            assert hashlib.sha256(version["text"].encode()).hexdigest() == signed
            assert "Renamed before anybody agreed" in version["text"]
            printed = (await side.office.http.get(f"{path}/agreement.pdf")).content
            assert printed.startswith(b"%PDF")
        ends_on = (utc_now() + timedelta(days=300)).date().isoformat()
        extend = {"answer": "extend", "ends_on": ends_on}
        assert good(await sides[0].send(request, "answers", extend))["terms_number"] == 2
        terms = good(await sides[1].office.http.get(f"{path}/terms"))["items"]
        assert [each["digest"] == signed for each in terms] == [True, False]
        assert "Renamed when in force" in terms[1]["text"]


class TestSignature:
    async def test_needs_the_sentence_the_text_a_recent_factor_and_leadership(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry)
        good(await sides[0].send(request, "moves", {"move": "submit"}))
        other = await sides[0].sign(request, attestation="I agree.")
        assert code(other) == (422, "attestation-differs")
        named = await sides[0].sign(request, post="Unit head, 415-555-0132")
        assert code(named) == (422, "words-hold-identifier")
        changed = await sides[0].sign(request, digest="f" * 64)
        assert code(changed) == (409, "agreement-text-differs")
        early = Side(shared_registry, sides[0].office)
        early._head = await sign_in(
            shared_registry, sides[0].office, Role.LEADERSHIP, minutes_ago=16
        )
        assert code(await early.sign(request)) == (403, "step-up-needed")
        early._head = await sign_in(shared_registry, sides[0].office, Role.PROSECUTOR)
        assert code(await early.sign(request)) == (403, "missing-scope")
        machine = await sides[0].office.http.post(
            f"/v1/handling-requests/{request}/signatures",
            json={"digest": "0" * 64, "attestation": "I", "post": "Clerk"},
            headers={"If-Match": '"2"', "Idempotency-Key": "a-machine-1"},
        )
        assert code(machine) == (403, "missing-scope")
        assert good(await sides[0].sign(request))["status"] == "sent"

    async def test_of_all_is_needed_and_each_counts_once(self, shared_registry: Registry) -> None:
        sides, request = await draft(shared_registry, 3)
        await send_out(sides, request)
        for side in sides[1:]:
            good(await side.send(request, "answers", {"answer": "accept"}))
        for side in sides[:2]:
            signed = good(await side.sign(request))
            assert (signed["status"], signed["lead"]) == ("awaiting_their_leadership", None)
        assert code(await sides[0].sign(request)) == (409, "handling-step-taken")
        signed = good(await sides[2].sign(request))
        assert (signed["status"], signed["lead"]["code"]) == ("active", sides[0].office.code)

    async def test_of_older_terms_does_not_count(self, shared_registry: Registry) -> None:
        sides, request = await draft(shared_registry)
        await send_out(sides, request)
        counter = {"answer": "counter", "terms": {**TERMS, "lead": 2, "media": "lead_speaks"}}
        good(await sides[1].send(request, "answers", counter))
        versions = good(await sides[0].office.http.get(f"/v1/handling-requests/{request}/terms"))
        assert [change["field"] for change in versions["items"][1]["changes"]] == ["lead", "media"]
        assert versions["items"][1]["changes"][1]["sentence"] == (
            "Press: the lead speaks. Before: statements are made jointly."
        )
        good(await sides[0].send(request, "answers", {"answer": "accept"}))
        old = await sides[0].sign(request, digest=versions["items"][0]["digest"])
        assert code(old) == (409, "agreement-text-differs")

    async def test_of_all_is_asked_for_by_the_database_too(self, shared_registry: Registry) -> None:
        sides, request = await draft(shared_registry)
        await send_out(sides, request)
        good(await sides[1].send(request, "answers", {"answer": "accept"}))
        good(await sides[1].sign(request))
        with pytest.raises(IntegrityError, match="not all have signed"):
            await shared_registry.rows(
                "UPDATE handling_requests SET status = 'active', agreed_number = 1"
                " WHERE id = :id RETURNING id",
                id=new_key(request),
            )

    async def test_is_refused_while_a_party_has_no_name(self, shared_registry: Registry) -> None:
        sides, request = await draft(shared_registry, 3)
        await send_out(sides, request)
        for side in sides[1:]:
            good(await side.send(request, "answers", {"answer": "accept"}))
        await end_agreement(shared_registry, sides[2].office)
        assert code(await sides[0].sign(request)) == (409, "agreement-text-differs")


class TestExtension:
    async def test_names_who_leads_by_now_and_ends_later(self, shared_registry: Registry) -> None:
        sides, request = await draft(shared_registry)
        matter = (await settle(sides, request))["matter_id"]
        offered = await sides[0].work(f"{matter}/lead-offers", {"office": sides[1].office.code})
        path = f"{matter}/lead-offers/{good(offered)['leads'][-1]['id']}/acceptances"
        good(await sides[1].work(path, {"from_office": sides[0].office.code}))
        for days, status in ((180, 422), (300, 200)):
            ends_on = (utc_now() + timedelta(days=days)).date().isoformat()
            answer = {"answer": "extend", "ends_on": ends_on}
            proposed = await sides[0].send(request, "answers", answer)
            assert proposed.status_code == status, proposed.text
        assert (proposed.json()["terms"]["lead"], proposed.json()["lead"]["is_own"]) == (2, False)


class TestPaper:
    @pytest.mark.parametrize("asks", [False, True])
    async def test_is_needed_before_the_attorney_general_leads_where_the_rule_says_so(
        self, shared_registry: Registry, *, asks: bool
    ) -> None:
        lead = 1 if asks else 2
        sides, request = await with_general(shared_registry, "TX", lead, asks=asks)
        await send_out(sides, request)
        read = good(await sides[1].send(request, "answers", {"answer": "accept"}))
        [rule] = read["authority"]
        assert rule["basis"] in {"on_request", "on_consent"}
        assert (rule["citation"], rule["effective_on"], rule["is_verified"]) == (
            "Tex. Gov't Code 402.028", "1995-09-01", True,
        )  # fmt: skip
        assert code(await sides[1].sign(request)) == (409, "instrument-missing")
        for wrong in (
            {"signatory": "Sam, 415-555-0132"},
            {"authority": "See someone@example.com"},
            {"dated_on": (utc_now() + timedelta(days=2)).date().isoformat()},
        ):
            refused = await sides[0].send(request, "instruments", {**PAPER, **wrong})
            assert code(refused) == (422, "words-hold-identifier")
            assert [each["pointer"] for each in refused.json()["errors"]] == [
                f"/{each}" for each in wrong
            ]
        good(await sides[0].send(request, "instruments", {**PAPER, "scope": "advice_only"}))
        assert code(await sides[1].sign(request)) == (409, "instrument-missing")
        recorded = await sides[0].send(request, "instruments", PAPER)
        assert recorded.status_code == 201, recorded.text
        for side in sides:
            good(await side.sign(request))
        assert (await sides[0].read(request))["lead"]["code"] == sides[lead - 1].office.code

    async def test_is_needed_before_the_lead_passes_to_the_attorney_general(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await with_general(shared_registry, "TX", 1)
        matter = (await settle(sides, request))["matter_id"]
        for scope, status in (("advice_only", 409), ("named_offences", 201)):
            good(await sides[0].send(request, "instruments", {**PAPER, "scope": scope}))
            to = {"office": sides[1].office.code}
            offered = await sides[0].work(f"{matter}/lead-offers", to)
            assert offered.status_code == status, offered.text

    async def test_is_recorded_only_so_often(self, shared_registry: Registry) -> None:
        sides, request = await draft(shared_registry)
        assert (await sides[0].send(request, "instruments", PAPER)).status_code == 201
        await shared_registry.rows(
            "INSERT INTO handling_instruments (id, request_id, office_id, authority, signatory,"
            " scope, dated_on, document_digest, recorded_by, recorded_at)"
            " SELECT gen_random_uuid(), request_id, office_id, authority, signatory, scope,"
            " dated_on, document_digest, recorded_by, recorded_at"
            " FROM handling_instruments, generate_series(2, :most) WHERE request_id = :id"
            " RETURNING id",
            id=new_key(request),
            most=MOST_INSTRUMENTS,
        )
        assert code(await sides[0].send(request, "instruments", PAPER)) == (
            409,
            "instruments-too-many",
        )

    async def test_is_not_needed_where_no_rule_is_known(self, shared_registry: Registry) -> None:
        sides, request = await with_general(shared_registry, "WY")
        assert (await settle(sides, request))["status"] == "active"
        [rule] = (await sides[0].read(request))["authority"]
        assert (rule["basis"], rule["effective_on"], rule["is_verified"]) == (
            "unknown",
            None,
            False,
        )


class TestTime:
    async def test_ends_an_agreement_and_what_it_showed(self, shared_registry: Registry) -> None:
        sides, request = await draft(shared_registry)
        await settle(sides, request)
        await shared_registry.rows(
            "UPDATE handling_requests SET due_at = now() WHERE id = :id RETURNING 1",
            id=new_key(request),
        )

        async def run(act: Callable[..., Any]) -> int:
            async with transaction(shared_registry.operator) as session:
                found: int = await act(session, OPERATOR, limit=100, now=utc_now())
                return found

        assert await run(upkeep.escalate_requests) == 0
        assert await run(upkeep.expire_requests) >= 1
        assert await run(upkeep.expire_requests) == 0
        read = await sides[1].read(request)
        assert (read["status"], read["steps"], read["due_at"]) == ("expired", [], None)
        ended = await sides[0].work(
            f"{read['matter_id']}/notes", {"kind": "decision", "text": "Too late."}
        )
        assert code(ended) == (409, "matter-ended")

    async def test_escalates_once_when_asked_to(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        asked = await meeting.first.http.post(
            f"/v1/overlaps/{meeting.overlap_id}/handling-requests",
            json={"kind": "consult", "on_silence": "escalate", "answer_within_days": 1},
            headers={"Idempotency-Key": "escalating-1"},
        )
        side = Side(shared_registry, meeting.second)
        later = utc_now() + timedelta(days=2)
        for status in ("escalated", "expired"):
            async with transaction(shared_registry.operator) as session:
                await upkeep.escalate_requests(session, OPERATOR, limit=500, now=later)
                await upkeep.expire_requests(session, OPERATOR, limit=500, now=later)
            assert (await side.read(good(asked)["id"]))["status"] == status
            later += timedelta(days=15)


class TestNotes:
    @pytest.mark.parametrize("text", ["Call 415-555-0132.", "Write a@example.com"])
    async def test_with_an_identifier_are_refused(
        self, shared_registry: Registry, text: str
    ) -> None:
        sides, request = await draft(shared_registry)
        matter = (await settle(sides, request))["matter_id"]
        answer = await sides[1].work(f"{matter}/notes", {"kind": "decision", "text": text})
        assert code(answer) == (422, "words-hold-identifier")
        written = await sides[1].work(
            f"{matter}/notes", {"kind": "decision", "text": "Filed in one county."}
        )
        assert good(written)["may_be_discoverable"] is True


def new_key(request: str) -> str:
    return request.removeprefix("hnd_")


class TestLead:
    async def test_passes_only_from_the_lead_and_only_when_accepted(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry, 3)
        matter = (await settle(sides, request))["matter_id"]
        first, second, third = sides
        of_first = {"from_office": first.office.code}
        to_third = {"office": third.office.code}
        assert code(await second.work(f"{matter}/lead-offers", to_third)) == (
            409, "lead-not-to-hand-over",
        )  # fmt: skip
        offered = good(await first.work(f"{matter}/lead-offers", to_third))
        assert offered["lead"]["code"] == first.office.code
        offer = offered["leads"][-1]["id"]
        path = f"{matter}/lead-offers/{offer}/acceptances"
        assert code(await second.work(path, of_first)) == (404, "lead-offer-not-found")
        again = good(await first.work(f"{matter}/lead-offers", {"office": second.office.code}))
        assert code(await third.work(path, of_first)) == (
            409,
            "lead-offer-lapsed",
        )  # it was taken back
        offer = again["leads"][-1]["id"]
        taken = good(await second.work(f"{matter}/lead-offers/{offer}/acceptances", of_first))
        assert taken["lead"]["code"] == second.office.code
        assert [period["until"] is None for period in taken["leads"]] == [False, True]

    async def test_passes_once_whoever_accepts_at_the_same_moment(
        self, shared_registry: Registry
    ) -> None:
        sides, request = await draft(shared_registry, 3)
        matter = (await settle(sides, request))["matter_id"]
        first, second, third = sides
        offered = await first.work(f"{matter}/lead-offers", {"office": second.office.code})
        path = f"{matter}/lead-offers/{good(offered)['leads'][-1]['id']}/acceptances"
        await second.head()
        accepts = [second.work(path, {"from_office": first.office.code}) for _ in range(2)]
        again = first.work(f"{matter}/lead-offers", {"office": third.office.code})
        answers = await at_once(shared_registry, LOCK, [*accepts, again], id=new_key(request))
        leads = good(await third.office.http.get(f"/v1/matters/{matter}"))["leads"]
        taken = [each for each in leads if each["accepted_at"]]
        won = [each.is_success for each in answers]
        lost = [each.json() for each in answers if not each.is_success]
        if won[2]:  # the other offer took the place of the first one
            assert (won, len(taken)) == ([False, False, True], 1)
            told = [("lead-offer-lapsed", "withdrawn")] * 2
        else:
            assert (sorted(won), len(taken)) == ([False, False, True], 2)
            told = [("lead-offer-lapsed", "accepted")]
            told.append(("lead-not-to-hand-over", second.office.code))
        assert [(each["code"], each["status_now"]) for each in lost] == told
