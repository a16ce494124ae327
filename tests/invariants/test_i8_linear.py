"""I8. Storage is linear in sightings; one row per pair of cases; a common token is capped."""

from typing import Any, Final

import pytest

from app.overlaps.limits import MATCHED_PER_OFFICE
from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.scenes import make_offices, phone, someone, something

MOST_OFFICES: Final = 10
MOST_SUBJECTS_OF_ONE: Final = MATCHED_PER_OFFICE


async def count(registry: Registry, what: str, *offices: OfficeClient) -> int:
    """Return how many rows of a table with an office_id the offices have."""
    ((number,),) = await registry.rows(
        f"SELECT count(*) FROM {what} t JOIN offices f ON f.id = t.office_id"  # noqa: S608 -- constants below
        " WHERE f.code = ANY(:codes)",
        codes=[office.code for office in offices],
    )
    return int(number)


class TestI8OneRowPerPairOfCases:
    async def test_whatever_they_share(self, shared_registry: Registry) -> None:
        one, other = await make_offices(shared_registry)
        people = [someone(ref=str(n), phones=(phone(), phone())) for n in range(5)]
        await one.put_case("24-1", case(*people))
        answer = (await other.put_case("24-1", case(*people))).json()
        assert sum(subject["tokens"] for subject in answer["subjects"]) > 50
        assert len(answer["overlaps"]) == 1
        assert await count(shared_registry, "overlap_sides", one, other) == 2

    async def test_sightings_and_sealed_elements_grow_with_what_is_posted_alone(
        self, shared_registry: Registry
    ) -> None:
        offices = await make_offices(shared_registry, 6)
        subject = someone(phones=(phone(),))
        tokens = 0
        for office in offices:
            answer = (await office.put_case("24-1", case(subject))).json()
            tokens += answer["subjects"][0]["tokens"]
            assert await count(shared_registry, "sightings", *offices) == tokens
        assert await count(shared_registry, "overlap_sides", *offices) == 6 * 5
        ((sealed,),) = await shared_registry.rows(
            "SELECT sum(get_byte(e.sealed, 0)) FROM sealed_elements e"
            " JOIN subjects s ON s.id = e.subject_id JOIN offices f ON f.id = s.office_id"
            " WHERE f.code = ANY(:codes)",
            codes=[office.code for office in offices],
        )
        assert sealed == tokens


class TestI8ACommonToken:
    async def test_of_more_offices_makes_no_further_overlap_and_says_so(
        self, shared_registry: Registry
    ) -> None:
        offices = await make_offices(shared_registry, MOST_OFFICES + 3)
        shared = something()
        for place, office in enumerate(offices):
            answer = (await office.put_case("24-1", case(shared))).json()
            is_common = place >= MOST_OFFICES
            assert answer["subjects"][0]["common"] == (["tel"] if is_common else [])
            assert len(answer["overlaps"]) == (0 if is_common else place)
        assert await count(shared_registry, "overlap_sides", *offices) == (
            MOST_OFFICES * (MOST_OFFICES - 1)
        )
        assert await count(shared_registry, "sightings", *offices) == len(offices)

    async def test_leaves_the_other_evidence_of_a_case_alone(
        self, shared_registry: Registry
    ) -> None:
        *crowd, one, other = await make_offices(shared_registry, MOST_OFFICES + 3)
        shared, rare = something(), something(ref="2")
        for office in crowd:
            await office.put_case("24-1", case(shared))
        await one.put_case("24-1", case(shared, rare))
        answer = (await other.put_case("24-1", case(shared, rare))).json()
        (overlap,) = answer["overlaps"]
        assert [finding["subject"] for finding in overlap["findings"]] == ["2"]
        assert [s["common"] for s in answer["subjects"]] == [["tel"], []]

    @pytest.mark.parametrize("together", [True, False], ids=["in bulk", "one by one"])
    async def test_cannot_be_made_by_one_office(
        self,
        shared_registry: Registry,
        together: bool,  # noqa: FBT001 -- a case
    ) -> None:
        loud, one, other = await make_offices(shared_registry, 3)
        shared = something()
        await one.put_case("24-1", case(shared))
        receipts = await self._post_a_hundred(loud, shared, together=together)
        said = [receipt["subjects"][0]["common"] for receipt in receipts]
        assert said.count([]) == MOST_SUBJECTS_OF_ONE
        assert said.count(["tel"]) == 100 - MOST_SUBJECTS_OF_ONE
        answer = (await other.put_case("24-1", case(shared))).json()
        assert answer["subjects"][0]["common"] == []
        met = [overlap["counterpart"]["office"]["code"] for overlap in answer["overlaps"]]
        assert met.count(one.code) == 1
        assert met.count(loud.code) == MOST_SUBJECTS_OF_ONE

    async def _post_a_hundred(
        self, office: OfficeClient, shared: dict[str, Any], *, together: bool
    ) -> list[dict[str, Any]]:
        body = case(shared)
        if not together:
            return [(await office.put_case(f"24-{n}", body)).json() for n in range(100)]
        items = [
            {"source_system": "cms", "external_id": f"24-{n}", "case": body} for n in range(100)
        ]
        answer = await office.http.put("/v1/cases", json={"cases": items})
        results: list[dict[str, Any]] = answer.json()["results"]
        return results
