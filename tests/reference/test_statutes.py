from datetime import date, timedelta

import pytest

from app.reference.counties import COUNTIES, state_of
from app.reference.statutes import CODES, STATUTES, statute_of
from app.reference.words import CO_OFFENCES, NIBRS, meaning, words


class TestStatutes:
    def test_each_wording_is_cited_dated_and_mapped_to_offences_that_exist(self) -> None:
        for each in STATUTES:
            assert each.citation
            assert each.source
            assert each.nibrs
            assert set(each.nibrs) <= NIBRS.keys()
            assert bool(each.verified_by) == (each.verified_on is not None)
            assert each.ends_on is None or each.effective_on < each.ends_on

    def test_the_mapping_to_nibrs_is_of_many_to_many(self) -> None:
        pairs = {(each.code, offence) for each in STATUTES for offence in each.nibrs}
        assert len({code for code, _ in pairs}) < len(pairs)
        assert len({offence for _, offence in pairs}) < len(pairs)

    def test_at_most_one_wording_of_a_statute_is_law_on_a_day(self) -> None:
        edges = {each.effective_on for each in STATUTES} | {each.ends_on for each in STATUTES}
        for edge in filter(None, edges):
            for on in (edge - timedelta(days=1), edge):
                for code in CODES:
                    held = [
                        each
                        for each in STATUTES
                        if each.code == code
                        and each.effective_on <= on < (each.ends_on or date.max)
                    ]
                    assert held == ([found] if (found := statute_of(code, on)) else [])

    def test_a_charge_of_old_resolves_to_the_law_of_its_day(self) -> None:
        old = statute_of("ca-pc-236.1", date(2012, 11, 6))
        assert old
        assert old.nibrs == ("64A", "64B")
        assert statute_of("ca-pc-236.1", date(2012, 11, 7)) is None
        assert statute_of("ca-pc-236.1-b", date(2012, 11, 6)) is None


class TestCounties:
    @pytest.mark.parametrize(
        ("fips", "state"),
        [("06019", "CA"), ("46113", None), ("02066", "AK"), ("99001", None), ("", None)],
    )
    def test_names_the_state_of_a_county(self, fips: str, state: str | None) -> None:
        assert state_of(fips) == state

    def test_each_county_is_of_a_state(self) -> None:
        assert all(state_of(fips) for fips in COUNTIES)
        assert len(COUNTIES) > 3200


class TestWords:
    def test_a_list_that_does_not_exist_is_a_mistake(self) -> None:
        with pytest.raises(KeyError):
            words("colour")

    def test_no_word_is_of_what_the_registry_must_not_know(self) -> None:
        for each in CO_OFFENCES:
            assert "immigra" not in meaning("co_offence", each).lower()
