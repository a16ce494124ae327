"""Pictures of figures: each county and month is drawn, and drawn as its number says."""

import pytest

from app.insights.examples import EXAMPLES
from app.insights.schemas import InsightRead, InsightRowRead
from app.reference.counties import COUNTIES, state_of
from app.reference.shapes import shape_of
from app.web import charts

STATE = InsightRead.model_validate(EXAMPLES["InsightRead"])


def by_county(**totals: int | None) -> InsightRead:
    """Return figures of California with these sums, by FIPS code after an `f`."""
    rows = [
        InsightRowRead(place=fips[1:], name=COUNTIES[fips[1:]], total=total, counts=(0,) * 4)
        for fips, total in totals.items()
    ]
    return STATE.model_copy(update={"rows": tuple(rows)})


class TestMap:
    @pytest.mark.parametrize("state", ["CA", "TX", "HI", "AK"])
    def test_has_every_county_that_the_registry_knows(self, state: str) -> None:
        shape = shape_of(state)
        assert shape is not None
        known = {fips for fips in COUNTIES if state_of(fips) == state}
        assert shape.counties.keys() <= known
        assert len(known - shape.counties.keys()) <= (0 if state in {"CA", "TX"} else 4)
        assert max(shape.width, shape.height) == 1000

    def test_of_a_territory_is_none(self) -> None:
        assert shape_of("GU") is None
        assert charts.county_map(STATE.model_copy(update={"state": "GU"}), "") is None

    def test_shades_follow_the_numbers(self) -> None:
        drawn = charts.county_map(by_county(f06019=5, f06029=35, f06033=None, f06055=0), "")
        assert drawn is not None
        assert {each.label: each.shade for each in drawn.counties if each.label} == {
            "Fresno: about 5": "1",
            "Kern: about 35": "4",
            "Lake: hidden": "hidden",
            "Napa: 0": "none",
        }
        assert dict(drawn.legend)["4"] == "35 to 40"


class TestColumns:
    def test_are_as_high_as_their_numbers(self) -> None:
        columns, top = charts.columns(by_county(f06019=5, f06029=20, f06033=None), "")
        assert top == 20
        assert [round(each.height / charts.HEIGHT * top) for each in columns[:2]] == [5, 20]
        assert [each.is_hidden for each in columns] == [False, False, True]
        assert all(each.y + each.height == charts.HEIGHT for each in columns)
