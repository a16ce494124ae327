"""What posting does to sightings, counts, sealed elements and overlaps, seen in the database."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.overlaps.limits import MATCHED_PER_OFFICE
from tests.blinding import case, raw
from tests.factories import OfficeClient, Registry
from tests.overlaps.recount import ACTIVE_PAIRS, CHECKS
from tests.scenes import make_offices, meet, phone, someone, something


async def assert_consistent(registry: Registry) -> None:
    for name, query in CHECKS.items():
        assert await registry.rows(query) == [], name


async def pairs(registry: Registry, *offices: OfficeClient) -> set[frozenset[str]]:
    """Return the standing overlaps among the offices."""
    codes = {office.code for office in offices}
    rows = await registry.rows(ACTIVE_PAIRS)
    return {
        frozenset(map(str, row)) for row in rows
        if {str(side).split("/")[0] for side in row} <= codes
    }  # fmt: skip


def holding(*tokens: str) -> dict[str, Any]:
    """Return a case whose subjects each hold one phone-like token."""
    subjects = [raw({"": (token,)}, ref=str(place)) for place, token in enumerate(tokens)]
    return case(*subjects, something(ref="own"))


class TestAgain:
    async def test_a_removed_token_retracts_the_overlap_on_both_sides(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        await meeting.first.put_case("24-1", case(someone()))
        assert await meeting.first.overlaps() == await meeting.second.overlaps() == []
        path = f"/v1/overlaps/{meeting.overlap_id}"
        assert (await meeting.first.http.get(path)).status_code == 404  # it never saw it
        assert (await meeting.second.http.get(path)).json()["retracted_at"] is not None
        await assert_consistent(shared_registry)

    async def test_a_token_that_comes_back_reopens_the_same_overlap(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        before = (await meeting.second.overlaps())[0]
        await meeting.first.put_case("24-1", case(someone()))
        await meeting.first.put_case("24-1", meeting.first_case)
        after = (await meeting.second.overlaps())[0]
        assert after["id"] == before["id"]
        assert after["version"] > before["version"]
        assert after["findings"] == before["findings"]

    async def test_a_changed_token_finds_the_other_case_instead(
        self, shared_registry: Registry
    ) -> None:
        offices = mover, here, there = await make_offices(shared_registry, 3)
        one, other = something(), something()
        await here.put_case("24-1", case(one))
        await there.put_case("24-1", case(other))
        await mover.put_case("24-1", case(one))
        assert await pairs(shared_registry, *offices) == {
            frozenset({f"{mover.code}/24-1", f"{here.code}/24-1"})
        }
        answer = await mover.put_case("24-1", case(other))
        assert [o["counterpart"]["office"]["code"] for o in answer.json()["overlaps"]] == [
            there.code
        ]
        assert await pairs(shared_registry, *offices) == {
            frozenset({f"{mover.code}/24-1", f"{there.code}/24-1"})
        }

    async def test_evidence_that_stays_keeps_the_version(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        before = (await meeting.second.overlaps())[0]
        await meeting.first.put_case("24-1", {**meeting.first_case, "summary": "Other words."})
        assert (await meeting.second.overlaps())[0] == before

    async def test_less_evidence_moves_the_version(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        (subject,) = meeting.first_case["subjects"]
        await meeting.first.put_case(
            "24-1", {**meeting.first_case, "subjects": [{**subject, "identifiers": []}]}
        )
        (after,) = await meeting.second.overlaps()
        assert after["version"] == 2
        assert [finding["finding"] for finding in after["findings"]] == ["same_person"]

    async def test_a_removed_subject_leaves_nothing(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        stays, goes = something(3, ref="1"), something(5, ref="2")
        await office.put_case("24-1", case(stays, goes))
        await office.put_case("24-1", case(stays))
        rows = await shared_registry.rows(
            "SELECT (SELECT count(*) FROM subjects s WHERE s.office_id = f.id),"
            " (SELECT count(*) FROM sightings g WHERE g.office_id = f.id),"
            " (SELECT count(*) FROM sealed_elements e JOIN subjects s ON s.id = e.subject_id"
            "  WHERE s.office_id = f.id) FROM offices f WHERE f.code = :code",
            code=office.code,
        )
        assert tuple(rows[0]) == (1, 3, 1)
        await assert_consistent(shared_registry)

    async def test_one_token_of_two_subjects_and_aliases_counts_subjects(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        subject = someone(phones=(phone(),))
        twice = {
            **subject,
            "names": subject["names"] * 2,
            "identifiers": subject["identifiers"] * 2,
        }
        await office.put_case("24-1", case(twice, {**twice, "ref": "2"}))
        await assert_consistent(shared_registry)
        await office.put_case("24-1", case(twice))
        await assert_consistent(shared_registry)


class TestShareOfOneOffice:
    async def test_counts_stay_right_when_the_first_holders_leave(
        self, shared_registry: Registry
    ) -> None:
        many, other = await make_offices(shared_registry)
        token = something()
        crowd = [{**token, "ref": str(place)} for place in range(MATCHED_PER_OFFICE)]
        await many.put_case("crowd", case(*crowd))
        late = await many.put_case("late", case(token))
        assert late.json()["subjects"][0]["common"] == ["tel"]
        await many.put_case("crowd", case(something()))
        await assert_consistent(shared_registry)
        await many.put_case("late", case(token, summary="Same phone, other words."))
        await assert_consistent(shared_registry)
        answer = await other.put_case("24-1", case(token))
        assert len(answer.json()["overlaps"]) == 1
        await many.put_case("late", case(something()))
        await assert_consistent(shared_registry)


SMALL = st.sets(st.sampled_from("abcd"))
STEPS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), SMALL), min_size=1, max_size=8)


class TestHistory:
    @given(steps=STEPS)
    @settings(max_examples=8, deadline=None)
    async def test_only_the_last_post_of_each_case_counts(
        self, shared_registry: Registry, steps: list[tuple[int, int, set[str]]]
    ) -> None:
        offices = await make_offices(shared_registry, 3)
        last: dict[tuple[str, str], set[str]] = {}
        for place, number, tokens in steps:
            office = offices[place]
            named = sorted(f"{offices[0].code}/{token}" for token in tokens)
            answer = await office.put_case(f"24-{number}", holding(*named))
            assert answer.status_code in {200, 201}, answer.text
            last[office.code, f"24-{number}"] = tokens
        expected = {
            frozenset({"/".join(one), "/".join(other)})
            for one, tokens in last.items()
            for other, others in last.items()
            if one[0] != other[0] and tokens & others
        }
        assert await pairs(shared_registry, *offices) == expected
        await assert_consistent(shared_registry)


class TestAtTheSameMoment:
    @pytest.mark.parametrize("turn", range(3))
    async def test_counts_and_overlaps_are_right(
        self, shared_registry: Registry, turn: int
    ) -> None:
        offices = await make_offices(shared_registry, 4)
        tokens = [f"{offices[0].code}/{turn}/{letter}" for letter in "abc"]
        before = [office.put_case("24-0", holding(tokens[0])) for office in offices[:2]]
        await asyncio.gather(*before)
        posts = [
            office.put_case(f"24-{number}", holding(*tokens[number:]))
            for office in offices
            for number in (0, 1)
        ]
        answers = await asyncio.gather(*posts)
        assert {answer.status_code for answer in answers} <= {200, 201}
        assert len(await pairs(shared_registry, *offices)) == 4 * 3 // 2 * 4
        await assert_consistent(shared_registry)
