"""Verdicts of both sides, what is told of them, retraction and withdrawal."""

import asyncio
from itertools import product

import pytest

from app.cases.verdicts import joint_verdict
from app.identifiers.addresses import place_of
from app.identifiers.match_keys import PersonName, person_aliases
from app.pairs.rows import ATTRIBUTES
from tests.blinding import case, element
from tests.factories import Registry
from tests.overlaps.recount import CHECKS
from tests.scenes import at_once, make_offices, meet, someone

SAID = (None, "confirmed", "not_a_match", "need_information")


class TestJointVerdict:
    def test_is_the_same_from_both_sides(self) -> None:
        for one, other in product(SAID, repeat=2):
            assert joint_verdict(one, other) == joint_verdict(other, one)

    def test_table(self) -> None:
        assert joint_verdict(None, None) == "open"
        assert joint_verdict("confirmed", None) == "awaiting_other"
        assert joint_verdict("confirmed", "confirmed") == "confirmed"
        assert joint_verdict("not_a_match", "not_a_match") == "not_a_match"
        assert joint_verdict("confirmed", "not_a_match") == "disagreement"
        assert joint_verdict("need_information", None) == "information_needed"


class TestPutVerdict:
    async def test_is_read_by_the_other_side(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        answer = await meeting.first.say(meeting.overlap_id, "confirmed")
        assert answer.json()["verdicts"]["state"] == "awaiting_other"
        assert answer.headers["ETag"] == '"2-contact"'
        (seen,) = await meeting.second.overlaps()
        assert seen["verdicts"]["other"]["verdict"] == "confirmed"
        answer = await meeting.second.say(meeting.overlap_id, "not_a_match", "wrong_data")
        assert answer.json()["verdicts"]["state"] == "disagreement"
        answer = await meeting.second.say(meeting.overlap_id, "confirmed")
        assert answer.json()["verdicts"]["state"] == "confirmed"

    async def test_a_pointer_tells_the_verdict_and_not_its_reason(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry, "open", "contact_first")
        await meeting.second.say(meeting.overlap_id, "not_a_match", "different_person")
        (seen,) = await meeting.first.overlaps()
        assert seen["rung"] == "pointer"
        assert seen["verdicts"]["other"]["verdict"] == "not_a_match"
        assert seen["verdicts"]["other"]["reason"] is None
        (own,) = await meeting.second.overlaps()
        assert own["verdicts"]["own"]["reason"] == "different_person"

    async def test_a_pointer_tells_no_attribute_that_changed(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry, "open", "contact_first")
        await meeting.first.say(meeting.overlap_id, "not_a_match", "different_person")
        home = [place_of("100 Example Street", "93650")]
        (alias,) = person_aliases([PersonName("Rosa", "Perez", "Maria", "1979-03-05")], home)
        tokens = {key.kind: element(key.kind, key.fields) for key in alias.keys}
        name = {"rarity": alias.rarity, "provenance": "police_report", "tokens": tokens}
        more = {"ref": "2", "names": [name], "identifiers": []}
        for client, body in (
            (meeting.first, meeting.first_case),
            (meeting.second, meeting.second_case),
        ):
            await client.put_case("24-1", {**body, "subjects": [*body["subjects"], more]})
        (seen,) = await meeting.first.overlaps()
        assert seen["rung"] == "pointer"
        assert seen["verdicts"]["own"]["reopened"] == {"added": ["name"], "removed": []}
        (own,) = await meeting.second.overlaps()
        reopened = own["verdicts"]["other"]["reopened"]
        assert {*reopened["added"]} == {*ATTRIBUTES}

    async def test_of_a_silent_side_stays_with_it(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry, "open", "silent")
        answer = await meeting.second.say(meeting.overlap_id, "confirmed")
        assert answer.status_code == 200
        assert await meeting.first.overlaps() == []
        hidden = await meeting.first.say(meeting.overlap_id, "confirmed", etag='"2-contact"')
        assert hidden.status_code == 404

    @pytest.mark.parametrize(
        ("verdict", "reason"), [("confirmed", "wrong_data"), ("not_a_match", None), ("maybe", None)]
    )
    async def test_needs_a_reason_exactly_when_it_is_no_match(
        self, shared_registry: Registry, verdict: str, reason: str | None
    ) -> None:
        meeting = await meet(shared_registry)
        answer = await meeting.first.say(meeting.overlap_id, verdict, reason)
        assert answer.status_code == 422

    async def test_on_another_version_is_refused(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        path = f"/v1/overlaps/{meeting.overlap_id}/verdict"
        bare = await meeting.first.http.put(path, json={"verdict": "confirmed"})
        assert bare.status_code == 428
        await meeting.second.say(meeting.overlap_id, "confirmed")
        late = await meeting.first.say(meeting.overlap_id, "confirmed", etag='"1-contact"')
        assert (late.status_code, late.json()["code"]) == (412, "version-changed")

    async def test_needs_the_scope(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        reader = shared_registry.client(
            meeting.first.code, meeting.first.client_id, "overlaps:read"
        )
        answer = await reader.say(meeting.overlap_id, "confirmed")
        assert answer.status_code == 403

    async def test_is_audited(self, registry: Registry) -> None:
        meeting = await meet(registry)
        await meeting.first.say(meeting.overlap_id, "not_a_match", "wrong_data")
        (entry,) = await registry.audit("verdict.given")
        assert entry["object"] == meeting.overlap_id
        assert entry["detail"] == {"verdict": "not_a_match", "reason": "wrong_data"}


class TestAtTheSameMoment:
    async def test_one_of_two_verdicts_on_one_version_counts_and_the_others_see_why(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        answers = await at_once(
            shared_registry,
            'SELECT FROM "overlaps" WHERE id = :id FOR UPDATE',
            [
                client.say(meeting.overlap_id, "confirmed", etag='"1-contact"')
                for client in (meeting.first, meeting.second, meeting.first, meeting.second)
            ],
            id=meeting.key,
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
        lost = [answer.json() for answer in answers if answer.status_code == 409]
        told = {(each["code"], each["status_now"]) for each in lost}
        assert told == {("overlap-moved", "awaiting_other")}

    async def test_a_verdict_and_new_evidence_never_mix(self, shared_registry: Registry) -> None:
        for _ in range(4):
            meeting = await meet(shared_registry)
            (subject,) = meeting.first_case["subjects"]
            less = {**meeting.first_case, "subjects": [{**subject, "identifiers": []}]}
            answer, _post = await asyncio.gather(
                meeting.second.say(
                    meeting.overlap_id, "not_a_match", "wrong_data", etag='"1-contact"'
                ),
                meeting.first.put_case("24-1", less),
            )
            (seen,) = await meeting.second.overlaps()
            own = seen["verdicts"]["own"]
            if answer.status_code in {409, 412}:
                assert own is None
            else:
                assert own["reopened"] == {"added": [], "removed": ["tel"]}


class TestRetracted:
    async def test_is_told_to_who_had_seen_it_by_kinds_alone(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        await meeting.first.put_case("24-1", case(someone()))
        path = f"/v1/overlaps/{meeting.overlap_id}"
        seen = (await meeting.second.http.get(path)).json()
        assert (seen["rung"], seen["retract_reason"]) == ("pointer", "evidence_gone")
        assert [finding["facts"] for finding in seen["findings"]] == [None, None]
        assert seen["counterpart"]["office"] is None
        listed = await meeting.second.http.get("/v1/overlaps", params={"retracted": "true"})
        assert [item["id"] for item in listed.json()["items"]] == [meeting.overlap_id]
        assert (await meeting.first.http.get(path)).status_code == 404
        late = await meeting.second.say(meeting.overlap_id, "confirmed")
        assert late.status_code == 404

    async def test_is_told_for_ninety_days(self, registry: Registry) -> None:
        meeting = await meet(registry)
        await meeting.first.put_case("24-1", case(someone()))
        await registry.rows(
            "UPDATE \"overlaps\" SET retracted_at = retracted_at - interval '90 days' RETURNING id"
        )
        read = await meeting.second.http.get(f"/v1/overlaps/{meeting.overlap_id}")
        assert read.status_code == 404

    async def test_is_not_told_once_the_other_side_is_silent(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        await meeting.first.put_case("24-1", case(someone(), disclosure="silent"))
        read = await meeting.second.http.get(f"/v1/overlaps/{meeting.overlap_id}")
        assert read.status_code == 404


class TestWithdrawCase:
    async def test_removes_what_was_posted_and_tells_who_had_seen(self, registry: Registry) -> None:
        meeting = await meet(registry)
        gone = await meeting.first.http.delete("/v1/cases/cms/24-1")
        assert gone.status_code == 204
        for again in ("get", "delete"):
            answer = await getattr(meeting.first.http, again)("/v1/cases/cms/24-1")
            assert answer.status_code == 404
        assert (await meeting.first.http.get("/v1/cases")).json()["items"] == []
        seen = await meeting.second.http.get(f"/v1/overlaps/{meeting.overlap_id}")
        assert seen.json()["retract_reason"] == "case_withdrawn"
        rows = await registry.rows(
            "SELECT (SELECT count(*) FROM subjects), (SELECT count(*) FROM sealed_elements),"
            " (SELECT count(*) FROM cases WHERE withdrawn_at IS NULL)"
        )
        assert tuple(rows[0]) == (1, 1, 1)
        assert len(await registry.audit("case.withdrawn")) == 1
        assert len(await registry.audit("case.posted")) == 2
        for name, query in CHECKS.items():
            assert await registry.rows(query) == [], name

    async def test_leaves_no_token_that_nobody_holds(self, registry: Registry) -> None:
        (office,) = await make_offices(registry, 1)
        await office.put_case("24-1", case(someone()))
        await office.http.delete("/v1/cases/cms/24-1")
        ((left,),) = await registry.rows("SELECT count(*) FROM tokens")
        assert left == 0

    async def test_posting_again_brings_it_back(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        await meeting.first.http.delete("/v1/cases/cms/24-1")
        again = await meeting.first.put_case("24-1", meeting.first_case)
        assert [each["id"] for each in again.json()["overlaps"]] == [meeting.overlap_id]
        (seen,) = await meeting.second.overlaps()
        assert seen["retracted_at"] is None

    async def test_of_another_office_is_not_found(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        (third,) = await make_offices(shared_registry, 1)
        assert (await third.http.delete("/v1/cases/cms/24-1")).status_code == 404
        assert len(await meeting.second.overlaps()) == 1
