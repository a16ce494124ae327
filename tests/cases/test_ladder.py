"""What each side of an overlap is shown: in lists, in single reads and in answers to posts."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.access.people import approve_summary
from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.scenes import Meeting, end_agreement, make_offices, meet, phone, someone

DISCLOSURES: Final = ("open", "contact_first", "silent")
RUNGS: Final = {"open": "contact", "contact_first": "pointer", "silent": None}
EVIDENCE: Final = ("strength", "first_differs", "facts", "match_key", "explanation")
SHOWN_BY_RUNG: Final[Mapping[str, Mapping[str, set[str]]]] = {
    "pointer": {"counterpart": {"state", "office_kind"}, "finding": {"subject", "kinds"}},
    "contact": {
        "counterpart": {"state", "office_kind", "office", "contact"},
        "finding": {"subject", "kinds", *EVIDENCE},
    },
    "summary": {
        "counterpart": {"state", "office_kind", "office", "contact", "case"},
        "finding": {"subject", "kinds", *EVIDENCE},
    },
}
"""What may hold a value on each rung; every other field must be absent or null."""


async def views(client: OfficeClient, body: Mapping[str, Any], overlap_id: str) -> list[Any]:
    """Return the overlap as each of the three ways of reading shows it; None where it is not."""
    listed = await client.overlaps()
    single = await client.http.get(f"/v1/overlaps/{overlap_id}?reason=joint_handling")
    put = await client.put_case("24-1", body)
    # an agreement that begins or ends makes the same post another one
    assert put.json()["result"] in {"unchanged", "updated"}, put.text
    answered = put.json()["overlaps"]
    assert len(listed) <= 1
    assert len(answered) <= 1
    return [
        listed[0] if listed else None,
        single.json() if single.status_code == 200 else None,
        answered[0] if answered else None,
    ]


async def both_views(meeting: Meeting) -> list[list[Any]]:
    return [
        await views(meeting.first, meeting.first_case, meeting.overlap_id),
        await views(meeting.second, meeting.second_case, meeting.overlap_id),
    ]


def assert_shown(view: Mapping[str, Any], rung: str, other: OfficeClient) -> None:
    assert view["rung"] == rung
    allowed = SHOWN_BY_RUNG[rung]
    counterpart = {name for name, value in view["counterpart"].items() if value is not None}
    assert counterpart | {"case"} == allowed["counterpart"] | {"case"}
    assert counterpart <= allowed["counterpart"]
    person, phone = view["findings"]
    assert person["finding"] == "same_person"
    assert person["band"] == view["band"] == "strong"
    assert phone["kinds"] == ["tel"]
    filled = {name for name, value in person.items() if value not in (None, [])}
    assert filled == {"finding", "band"} | allowed["finding"]
    if rung != "pointer":
        assert view["counterpart"]["office"]["code"] == other.code
        assert view["counterpart"]["contact"]["email"] == f"{other.code.lower()}@example.com"
    if rung == "summary" and view["counterpart"]["case"]:  # without a reason it is not shown
        assert view["counterpart"]["case"]["summary"].startswith("Worked without pay")


class TestRungs:
    @pytest.mark.parametrize("second", DISCLOSURES)
    @pytest.mark.parametrize("first", DISCLOSURES)
    async def test_each_side_is_shown_what_the_other_discloses(
        self, shared_registry: Registry, first: str, second: str
    ) -> None:
        meeting = await meet(shared_registry, first, second)
        first_sees, second_sees = await both_views(meeting)
        for seen, rung, other in (
            (first_sees, RUNGS[second], meeting.second),
            (second_sees, RUNGS[first], meeting.first),
        ):
            for view in seen:
                if rung is None:
                    assert view is None
                else:
                    assert_shown(view, rung, other)

    async def test_the_first_answer_shows_the_same_as_later_reads(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry, "contact_first", "open")
        late, *_ = await make_offices(shared_registry, 1)
        answer = await late.put_case("24-1", meeting.second_case)
        assert {view["rung"] for view in answer.json()["overlaps"]} == {"pointer", "contact"}
        by_id = {view["id"]: view for view in await late.overlaps()}
        assert by_id == {view["id"]: view for view in answer.json()["overlaps"]}

    async def test_every_reading_shows_the_same(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        for seen in await both_views(meeting):
            assert seen[0] == seen[1] == seen[2]

    async def test_a_change_of_disclosure_counts_from_the_next_request(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        assert len(await meeting.first.overlaps()) == 1
        await meeting.second.put_case("24-1", {**meeting.second_case, "disclosure": "silent"})
        assert await meeting.first.overlaps() == []
        assert len(await meeting.second.overlaps()) == 1
        await meeting.second.put_case("24-1", {**meeting.second_case, "disclosure": "open"})
        assert len(await meeting.first.overlaps()) == 1


class TestOrder:
    async def test_a_pointer_ranks_findings_as_if_no_strength_were_known(
        self, shared_registry: Registry
    ) -> None:
        me, shy = await make_offices(shared_registry)
        weaker, stronger = someone(ref="1"), someone(ref="2", phones=(phone(), phone()))
        await me.put_case("24-1", case(weaker, stronger))
        await shy.put_case("24-1", case(weaker, stronger, disclosure="contact_first"))
        shown = []
        for client in (shy, me):
            (overlap,) = await client.overlaps()
            found = [each for each in overlap["findings"] if each["finding"] == "same_person"]
            shown.append([(each["subject"], each["band"]) for each in found])
        assert shown == [[("2", "strong"), ("1", "strong")], [("1", "strong"), ("2", "strong")]]


class TestAgreements:
    @pytest.mark.parametrize("lapsed", ["first", "second"])
    async def test_without_one_in_force_neither_side_sees_anything(
        self, shared_registry: Registry, lapsed: str
    ) -> None:
        meeting = await meet(shared_registry)
        assert all(view for seen in await both_views(meeting) for view in seen)
        await end_agreement(shared_registry, getattr(meeting, lapsed))
        assert not any(view for seen in await both_views(meeting) for view in seen)

    async def test_an_office_that_never_signed_learns_and_shows_nothing(
        self, shared_registry: Registry
    ) -> None:
        signed, other = await make_offices(shared_registry)
        newcomer = await shared_registry.add_office(f"TX{other.code[2:]}", is_participating=False)
        meeting = await meet(shared_registry, offices=[newcomer, signed])
        assert not any(view for seen in await both_views(meeting) for view in seen)

    async def test_one_signed_later_shows_what_was_found_before(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        await end_agreement(shared_registry, meeting.first)
        await shared_registry.rows(
            "INSERT INTO participation_agreements"
            " (office_id, version, signatory, signed_on, effective_on)"
            " SELECT id, '2026-2', 'District Attorney', '2026-01-01', '2026-01-01'"
            " FROM offices WHERE code = :code RETURNING id",
            code=meeting.first.code,
        )
        assert all(view for seen in await both_views(meeting) for view in seen)


class TestGrants:
    async def test_acceptance_shows_both_contacts_and_each_unit_head_its_summary(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry, "contact_first", "silent")
        asked = await meeting.second.request_handling(meeting.overlap_id)
        accepted = await meeting.first.answer(asked.json()["id"], {"answer": "accept"})
        assert accepted.status_code == 200, accepted.text

        async def see(*rungs: str) -> None:
            others = (meeting.second, meeting.first)
            for seen, rung, other in zip(await both_views(meeting), rungs, others, strict=True):
                for view in seen:
                    assert_shown(view, rung, other)

        await see("contact", "contact")
        await approve_summary(meeting, meeting.first)
        await see("contact", "summary")
        await approve_summary(meeting, meeting.second)
        await see("summary", "summary")

    @pytest.mark.parametrize(
        ("change", "is_shown"),
        [
            ("expires_at = now() + interval '1 day'", True),
            ("expires_at = now()", False),
            ("revoked_at = now()", False),
        ],
    )
    async def test_a_grant_that_ended_shows_nothing(
        self,
        shared_registry: Registry,
        change: str,
        is_shown: bool,  # noqa: FBT001 -- a case
    ) -> None:
        meeting = await meet(shared_registry, "silent", "open")
        await meeting.first.request_handling(meeting.overlap_id)
        assert len(await meeting.second.overlaps()) == 1
        await shared_registry.rows(
            f"UPDATE case_grants SET {change} WHERE case_id = (SELECT case_id FROM overlap_sides"  # noqa: S608 -- constants above
            " WHERE overlap_id = :overlap AND office_id ="
            " (SELECT id FROM offices WHERE code = :code)) RETURNING id",
            overlap=meeting.key,
            code=meeting.first.code,
        )
        assert bool(await meeting.second.overlaps()) is is_shown

    async def test_a_grant_is_for_the_named_office_only(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry, "silent", "open")
        (third,) = await make_offices(shared_registry, 1)
        await third.put_case("24-1", meeting.second_case)
        await meeting.first.request_handling(meeting.overlap_id)
        seen = {view["counterpart"]["office"]["code"] for view in await third.overlaps()}
        assert seen == {meeting.second.code}
