"""I4. Two posts with a shared token never both miss it, whatever the timing.

At scale, and with crashes, in tests/campaigns.
"""

import asyncio
from itertools import combinations

import pytest

from tests.blinding import case
from tests.factories import Registry
from tests.overlaps.recount import ACTIVE_PAIRS
from tests.scenes import make_offices, someone, something


class TestI4PostsAtTheSameMoment:
    @pytest.mark.parametrize("turn", range(6))
    async def test_find_each_other(self, shared_registry: Registry, turn: int) -> None:
        offices = await make_offices(shared_registry, 4)
        shared = someone() if turn % 2 else something(3)
        answers = await asyncio.gather(
            *(office.put_case("24-1", case(shared)) for office in offices)
        )
        assert {answer.status_code for answer in answers} == {201}
        standing = {frozenset(map(str, row)) for row in await shared_registry.rows(ACTIVE_PAIRS)}
        told = [overlap["id"] for answer in answers for overlap in answer.json()["overlaps"]]
        expected = {
            frozenset({f"{one.code}/24-1", f"{other.code}/24-1"})
            for one, other in combinations(offices, 2)
        }
        assert expected <= standing
        assert len(set(told)) == len(expected)  # whoever came second was told

    async def test_a_post_and_its_withdrawal_agree_on_the_outcome(
        self, shared_registry: Registry
    ) -> None:
        for _ in range(5):
            one, other = await make_offices(shared_registry)
            shared = something()
            await one.put_case("24-1", case(shared))
            await asyncio.gather(
                one.put_case("24-1", case(something())), other.put_case("24-1", case(shared))
            )
            assert await one.overlaps() == await other.overlaps() == []

    async def test_a_post_and_a_late_comer_agree_on_the_outcome(
        self, shared_registry: Registry
    ) -> None:
        for _ in range(5):
            one, other = await make_offices(shared_registry)
            shared = something()
            await one.put_case("24-1", case(something()))
            await asyncio.gather(
                one.put_case("24-1", case(shared)), other.put_case("24-1", case(shared))
            )
            (mine,), (theirs,) = await one.overlaps(), await other.overlaps()
            assert mine["id"] == theirs["id"]
