"""Quality of matching on public data, held out of every tuning; docs/matching.md has the table."""

import pytest

from tests.bench.linkage import ours
from tests.bench.linkage.records import Quality
from tests.bench.linkage.sets import LOADERS

pytestmark = pytest.mark.long


def reached(fields: tuple[str, ...]) -> dict[str, Quality]:
    febrl4 = LOADERS["febrl4"]("febrl4")
    judged = ours.run(febrl4, fields).judged
    return {
        "scored": ours.quality(febrl4, judged, with_names_alone=True),
        "overlaps": ours.quality(febrl4, judged),
        "strong": ours.quality(febrl4, [pair for pair in judged if pair.band == "strong"]),
    }


class TestFebrl4:
    def test_by_name_and_date_of_birth(self) -> None:
        found = reached(())
        assert found["scored"].f1 >= 0.936, found
        assert found["overlaps"].f1 >= 0.926, found
        assert found["strong"].precision >= 0.99, found

    @pytest.mark.parametrize(
        ("fields", "least"), [(("address",), 0.97), (("address", "ssn"), 0.994)]
    )
    def test_with_more_identifiers(self, fields: tuple[str, ...], least: float) -> None:
        found = reached(fields)
        assert found["overlaps"].f1 >= least, found
        assert found["strong"].precision >= 0.99, found
