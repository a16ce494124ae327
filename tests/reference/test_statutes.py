import re
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

import app.reference
from app.reference.authority import AUTHORITIES, Authority
from app.reference.counties import COUNTIES, state_of
from app.reference.statutes import CODES, STATUTES, Statute, statute_of
from app.reference.tables import rows
from app.reference.words import CO_OFFENCES, NIBRS, meaning, words

_DATA: Final = Path(app.reference.__file__).with_name("data")
TERRITORIES: Final = {"AS", "GU", "MP", "PR", "VI", "UM"}


class TestStatutes:
    def test_each_wording_is_cited_and_mapped_to_offences_that_exist(self) -> None:
        for each in STATUTES:
            assert each.citation
            assert each.title
            assert each.jurisdiction == each.code[:2].upper()
            assert each.nibrs
            assert set(each.nibrs) <= NIBRS.keys()
            assert {"sex": "64B", "labor": "64A"}.get(each.trafficking) not in each.nibrs
            assert each.ends_on is None or (each.effective_on or date.min) < each.ends_on

    def test_what_was_read_where_by_whom_and_when_is_told_and_was_law_by_then(self) -> None:
        read: tuple[Statute | Authority, ...] = (*STATUTES, *AUTHORITIES)
        for each in read:
            assert all(urlsplit(at).scheme in {"http", "https"} for at in each.source.split())
            assert each.source
            assert bool(each.verified_by) == (each.verified_on is not None)
            assert not each.verified_on or (each.effective_on or date.min) <= each.verified_on

    def test_each_row_without_the_mark_and_each_state_without_a_row_is_named_where_it_says_so(
        self,
    ) -> None:
        told = _DATA.joinpath("README.md").read_text(encoding="utf-8")
        _, _, without = told.partition("\nWithout the mark")
        named = set(re.findall(r"[\w.-]+", without))
        unread = {each.code for each in STATUTES if each.verified_on is None}
        assert unread <= named
        assert not named & {each.code for each in STATUTES if each.verified_on} - unread
        states = {row["state"] for row in rows("states")} - TERRITORIES
        assert states - {each.jurisdiction for each in STATUTES} == {"RI", "WV"}
        assert "but RI and WV" in without

    def test_a_wording_that_replaced_another_says_since_when(self) -> None:
        """Else a day without one would be law of both, and nobody could say which."""
        for code in CODES:
            wordings = [each for each in STATUTES if each.code == code]
            assert sorted(wordings, key=lambda each: each.effective_on or date.min) == wordings
            for old, new in pairwise(wordings):
                assert old.ends_on == new.effective_on is not None

    def test_a_statute_whose_first_day_nobody_read_stands_on_any_day(self) -> None:
        undated = next(each for each in STATUTES if each.effective_on is None)
        assert statute_of(undated.code, date(1990, 1, 1)) == undated

    @pytest.mark.parametrize(
        ("code", "day"), [("ut-76-5-308", date(2026, 5, 5)), ("ky-529.100", date(2020, 7, 14))]
    )
    def test_an_offence_older_than_its_present_wording_is_taken(self, code: str, day: date) -> None:
        assert statute_of(code, day)

    def test_a_withdrawn_row_is_told_and_not_offered(self) -> None:
        withdrawn = [each for each in STATUTES if each.withdrawn_on]
        assert [each.code for each in withdrawn] == ["nv-200.467"]
        for each in withdrawn:
            assert each.code not in CODES
            assert statute_of(each.code, each.withdrawn_on or date.max) == each

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
                        and (each.effective_on or date.min) <= on < (each.ends_on or date.max)
                    ]
                    assert held == ([found] if (found := statute_of(code, on)) else [])

    def test_a_charge_of_old_resolves_to_the_law_of_its_day(self) -> None:
        old = statute_of("ca-pc-236.1", date(2012, 11, 6))
        assert old
        assert old.nibrs == ("64A", "64B")
        assert statute_of("ca-pc-236.1", date(2012, 11, 7)) is None
        assert statute_of("ca-pc-236.1-b", date(2012, 11, 6)) is None

    @pytest.mark.parametrize(
        ("code", "day"), [("fl-787.06", date(2012, 7, 1)), ("wa-9a.40.100", date(2011, 7, 22))]
    )
    def test_a_statute_that_came_to_cover_more_is_counted_as_what_it_covered(
        self, code: str, day: date
    ) -> None:
        before, since = (statute_of(code, on) for on in (day - timedelta(days=1), day))
        assert before
        assert since
        assert (before.nibrs, since.nibrs) == (("64B",), ("64A", "64B"))


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
