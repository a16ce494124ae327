"""I10. A verdict of *not a match* stays until the evidence changes, then reopens and says why."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.pairs.rows import changed_kinds
from tests.blinding import case
from tests.factories import Registry
from tests.scenes import Meeting, make_offices, meet, someone, something


async def judged(registry: Registry) -> Meeting:
    """Let both offices of an overlap say that it is none."""
    meeting = await meet(registry)
    for client in (meeting.first, meeting.second):
        answer = await client.say(meeting.overlap_id, "not_a_match", "different_person")
        assert answer.status_code == 200, answer.text
    return meeting


async def verdicts(meeting: Meeting) -> dict[str, Any]:
    answer = await meeting.second.http.get(f"/v1/overlaps/{meeting.overlap_id}")
    found: dict[str, Any] = answer.json()["verdicts"]
    return found


class TestI10NotAMatchStays:
    async def test_while_only_words_and_strengths_change(self, shared_registry: Registry) -> None:
        meeting = await judged(shared_registry)
        before = await verdicts(meeting)
        assert before["state"] == "not_a_match"
        await meeting.first.put_case("24-1", {**meeting.first_case, "summary": "Other words."})
        # a third office that holds the same phone makes it less rare, and so the strength less
        (third,) = await make_offices(shared_registry, 1)
        await third.put_case("24-1", case(meeting.first_case["subjects"][0]))
        await meeting.second.put_case("24-1", {**meeting.second_case, "summary": "Again."})
        assert await verdicts(meeting) == before

    async def test_when_the_same_evidence_is_taken_back_and_comes_again(
        self, shared_registry: Registry
    ) -> None:
        meeting = await judged(shared_registry)
        await meeting.first.put_case("24-1", case(someone()))
        await meeting.first.put_case("24-1", meeting.first_case)
        assert (await verdicts(meeting))["state"] == "not_a_match"


class TestI10NotAMatchReopens:
    async def test_when_a_kind_is_gone_and_says_which(self, registry: Registry) -> None:
        meeting = await judged(registry)
        (subject,) = meeting.first_case["subjects"]
        less = {**meeting.first_case, "subjects": [{**subject, "identifiers": []}]}
        await meeting.first.put_case("24-1", less)
        now = await verdicts(meeting)
        assert now["state"] == "open"
        for side in ("own", "other"):
            assert now[side]["verdict"] == "not_a_match"
            assert now[side]["reopened"] == {"added": [], "removed": ["tel"]}
        (entry,) = await registry.audit("overlap.reopened")
        assert entry["object"] == meeting.overlap_id

    async def test_when_a_kind_is_new_and_says_which(self, shared_registry: Registry) -> None:
        meeting = await judged(shared_registry)
        more = something(ref="2")
        for client, body in (
            (meeting.first, meeting.first_case),
            (meeting.second, meeting.second_case),
        ):
            await client.put_case("24-1", {**body, "subjects": [*body["subjects"], more]})
        now = await verdicts(meeting)
        assert now["state"] == "open"
        assert now["own"]["reopened"] == {"added": ["tel"], "removed": []}

    async def test_and_can_be_said_again_of_the_new_evidence(
        self, shared_registry: Registry
    ) -> None:
        meeting = await judged(shared_registry)
        (subject,) = meeting.first_case["subjects"]
        less = {**meeting.first_case, "subjects": [{**subject, "identifiers": []}]}
        await meeting.first.put_case("24-1", less)
        await meeting.first.say(meeting.overlap_id, "not_a_match", "wrong_data")
        now = await verdicts(meeting)
        assert (now["state"], now["other"]["reopened"]) == ("awaiting_other", None)


class TestChangedKinds:
    @given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
    @settings(max_examples=50)
    def test_accounts_for_the_whole_difference(self, before: list[str], after: list[str]) -> None:
        added, removed = changed_kinds(before, after)
        assert sorted([*before, *added]) == sorted([*after, *removed])
        assert not set(added) & set(removed)
