import asyncio
from typing import Any

import pytest

from tests.blinding import case
from tests.factories import Registry
from tests.scenes import Meeting, meet, someone

REASONS = [
    "not_the_same_subject",
    "no_jurisdiction",
    "conflict_of_interest",
    "insufficient_resources",
    "handled_separately",
    "matter_closed",
]


@pytest.fixture
async def meeting(shared_registry: Registry) -> Meeting:
    return await meet(shared_registry)


@pytest.fixture
async def asked(meeting: Meeting) -> dict[str, Any]:
    answer = await meeting.first.request_handling(meeting.overlap_id)
    body: dict[str, Any] = answer.json()
    return body


class TestRequest:
    async def test_answers_with_its_address_and_version(self, meeting: Meeting) -> None:
        answer = await meeting.first.request_handling(meeting.overlap_id)
        assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
        read = await meeting.first.http.get(answer.headers["Location"])
        assert (read.status_code, read.json()) == (200, answer.json())
        assert read.headers["ETag"] == '"1"'

    async def test_twice_conflicts(self, meeting: Meeting, asked: dict[str, Any]) -> None:
        for client in (meeting.first, meeting.second):
            again = await client.request_handling(meeting.overlap_id)
            assert (again.status_code, again.json()["code"]) == (409, "handling-request-open")
            assert again.json()["status_now"] == "sent"
        assert asked["status"] == "sent"

    async def test_from_both_sides_at_once_is_one(self, meeting: Meeting) -> None:
        answers = await asyncio.gather(
            *(client.request_handling(meeting.overlap_id)
              for client in (meeting.first, meeting.second) * 3)
        )  # fmt: skip
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5

    @pytest.mark.parametrize("body", [{}, {"kind": "raid"}, {"kind": "joint_handling"}])
    async def test_needs_a_kind_and_terms_for_an_agreement(
        self, meeting: Meeting, body: dict[str, Any]
    ) -> None:
        answer = await meeting.first.http.post(
            f"/v1/overlaps/{meeting.overlap_id}/handling-requests",
            json=body,
            headers={"Idempotency-Key": "a-new-key-1"},
        )
        assert answer.status_code == 422


class TestIdempotencyKey:
    async def test_a_repeat_gets_the_first_answer(self, meeting: Meeting) -> None:
        first, again = [
            await meeting.first.request_handling(meeting.overlap_id, key="same-key-1")
            for _ in range(2)
        ]
        assert first.status_code == again.status_code == 201
        assert first.content == again.content
        assert again.headers["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first.headers
        for name in ("ETag", "Location", "Content-Type"):
            assert first.headers[name] == again.headers[name]
        listed = (await meeting.first.http.get("/v1/handling-requests")).json()["items"]
        assert len(listed) == 1

    async def test_a_repeat_of_an_answer_is_no_second_answer(
        self, meeting: Meeting, asked: dict[str, Any]
    ) -> None:
        first, again = [
            await meeting.second.answer(asked["id"], {"answer": "accept"}, key="same-key-2")
            for _ in range(2)
        ]
        assert (first.status_code, first.content) == (again.status_code, again.content)
        assert again.json()["status"] == "accepted"

    @pytest.mark.parametrize("change", ["body", "path"])
    async def test_with_another_request_is_refused(self, meeting: Meeting, change: str) -> None:
        await meeting.first.request_handling(meeting.overlap_id, key="same-key-3")
        path = meeting.overlap_id if change == "body" else "ovl_" + "0" * 32
        kind = "information" if change == "body" else "consult"
        other = await meeting.first.request_handling(path, kind, key="same-key-3")
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")

    async def test_belongs_to_its_client(self, meeting: Meeting) -> None:
        await meeting.first.request_handling(meeting.overlap_id, key="same-key-4")
        other = await meeting.second.request_handling(meeting.overlap_id, key="same-key-4")
        assert (other.status_code, other.json()["code"]) == (409, "handling-request-open")

    async def test_of_a_refused_request_can_be_used_again(self, meeting: Meeting) -> None:
        await meeting.second.put_case("24-1", case(someone()))
        refused = await meeting.first.request_handling(meeting.overlap_id, key="same-key-5")
        assert refused.status_code == 404
        await meeting.second.put_case("24-1", meeting.second_case)
        retried = await meeting.first.request_handling(meeting.overlap_id, key="same-key-5")
        assert retried.status_code == 201

    async def test_at_the_same_moment_acts_once(self, meeting: Meeting) -> None:
        answers = await asyncio.gather(
            *(meeting.first.request_handling(meeting.overlap_id, key="same-key-6")
              for _ in range(5))
        )  # fmt: skip
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        replayed = [answer.headers.get("Idempotent-Replayed") for answer in answers]
        assert replayed.count("true") == 4

    @pytest.mark.parametrize("key", [None, "short", "x" * 65, "with space"])
    async def test_is_required_in_its_form(self, meeting: Meeting, key: str | None) -> None:
        answer = await meeting.first.http.post(
            f"/v1/overlaps/{meeting.overlap_id}/handling-requests",
            json={"kind": "consult"},
            headers={"Idempotency-Key": key} if key else {},
        )
        assert answer.status_code == 422


class TestScopes:
    async def test_of_acting_need_none_of_reading(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        asker, asked = [
            shared_registry.client(office.code, office.client_id, scope)
            for office, scope in (
                (meeting.first, "handling:request"), (meeting.second, "handling:answer"),
            )
        ]  # fmt: skip
        made = await asker.request_handling(meeting.overlap_id)
        assert made.status_code == 201, made.text
        accepted = await asked.answer(made.json()["id"], {"answer": "accept"})
        assert accepted.status_code == 200, accepted.text


class TestAnswer:
    @pytest.mark.parametrize("reason", REASONS)
    async def test_declines_with_a_reason(
        self, meeting: Meeting, asked: dict[str, Any], reason: str
    ) -> None:
        done = await meeting.second.answer(asked["id"], {"answer": "decline", "reason": reason})
        assert (done.status_code, done.headers["ETag"]) == (200, '"2"')
        heard = (await meeting.first.http.get(f"/v1/handling-requests/{asked['id']}")).json()
        assert (heard["status"], heard["decline_reason"], heard["lead"]) == (
            "declined", reason, None,
        )  # fmt: skip

    @pytest.mark.parametrize(
        "body",
        [
            {"answer": "decline"},
            {"answer": "decline", "reason": "because"},
            {"answer": "accept", "reason": "matter_closed"},
            {"answer": "maybe"},
            {},
        ],
    )
    async def test_of_another_form_is_refused(
        self, meeting: Meeting, asked: dict[str, Any], body: dict[str, Any]
    ) -> None:
        assert (await meeting.second.answer(asked["id"], body)).status_code == 422
        assert (await meeting.second.answer(asked["id"], {"answer": "accept"})).status_code == 200

    async def test_must_say_which_version_it_answers(
        self, meeting: Meeting, asked: dict[str, Any]
    ) -> None:
        missing = await meeting.second.http.post(
            f"/v1/handling-requests/{asked['id']}/answers",
            json={"answer": "accept"},
            headers={"Idempotency-Key": "without-if-match"},
        )
        assert (missing.status_code, missing.json()["code"]) == (428, "precondition-required")
        whatever = await meeting.second.answer(asked["id"], {"answer": "accept"}, etag="*")
        assert (whatever.status_code, whatever.json()["code"]) == (428, "precondition-required")

    @pytest.mark.parametrize("etag", ['"2"', '"0"', "1", 'W/"1"'])
    async def test_of_another_version_fails(
        self, meeting: Meeting, asked: dict[str, Any], etag: str
    ) -> None:
        stale = await meeting.second.answer(asked["id"], {"answer": "accept"}, etag=etag)
        assert (stale.status_code, stale.json()["code"]) == (412, "version-changed")
        good = await meeting.second.answer(asked["id"], {"answer": "accept"}, etag='"1"')
        assert good.status_code == 200

    async def test_two_at_the_same_moment_have_one_winner(self, shared_registry: Registry) -> None:
        for _ in range(4):
            meeting = await meet(shared_registry)
            asked = (await meeting.first.request_handling(meeting.overlap_id)).json()
            decline = {"answer": "decline", "reason": "matter_closed"}
            answers = await asyncio.gather(
                *(
                    meeting.second.answer(asked["id"], body)
                    for body in ({"answer": "accept"}, decline)
                )
            )
            assert sorted(answer.status_code for answer in answers) == [200, 409]
            (won,) = [answer.json() for answer in answers if answer.status_code == 200]
            read = await meeting.first.http.get(f"/v1/handling-requests/{asked['id']}")
            assert read.json()["status"] == won["status"]
            (lost,) = [answer.json() for answer in answers if answer.status_code == 409]
            assert lost["status_now"] == won["status"]


class TestList:
    async def test_holds_sent_and_received_newest_first(self, shared_registry: Registry) -> None:
        first = await meet(shared_registry)
        second = await meet(
            shared_registry, offices=[first.second, first.first], external_id="24-2"
        )
        sent = (await first.first.request_handling(first.overlap_id)).json()
        received = (await second.first.request_handling(second.overlap_id)).json()
        listed = (await first.first.http.get("/v1/handling-requests")).json()["items"]
        assert [(item["id"], item["direction"]) for item in listed] == [
            (received["id"], "received"), (sent["id"], "sent"),
        ]  # fmt: skip
