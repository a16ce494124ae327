import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.identifiers.birth_dates import parse_birth_date
from app.identifiers.errors import IdentifierError


class TestParseBirthDate:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("1979-03-05", ("1979", "03", "05")),
            ("19790305", ("1979", "03", "05")),
            ("3/5/1979", ("1979", "03", "05")),
            (" 03/05/1979 ", ("1979", "03", "05")),
            ("2000-02-29", ("2000", "02", "29")),
            ("1979-03", ("1979", "03", "")),
            ("1979", ("1979", "", "")),
            ("", ("", "", "")),
            ("  ", ("", "", "")),
        ],
    )
    def test_forms(self, text: str, expected: tuple[str, str, str]) -> None:
        assert parse_birth_date(text) == expected

    @pytest.mark.parametrize("text", ["1979-13-05", "19791305", "13/05/1979", "I979-l3-O5"])
    def test_reads_the_other_order_and_what_a_scanner_misread(self, text: str) -> None:
        assert parse_birth_date(text) == ("1979", "05", "13")

    @pytest.mark.parametrize("text", ["1979-03-58", "19790332", "3/99/1979"])
    def test_a_day_of_no_month_is_unknown(self, text: str) -> None:
        assert parse_birth_date(text) == ("1979", "03", "")

    @pytest.mark.parametrize("text", ["1979-02-29", "19791332", "32/31/1979", "1979-00-05"])
    def test_outside_the_calendar_keeps_the_year(self, text: str) -> None:
        assert parse_birth_date(text) == ("1979", "", "")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("1979-03-00", ("1979", "03", "")),
            ("19790300", ("1979", "03", "")),
            ("3/0/1979", ("1979", "03", "")),
            ("1979-00-00", ("1979", "", "")),
            ("00000000", ("", "", "")),
        ],
    )
    def test_zeros_are_unknown(self, text: str, expected: tuple[str, str, str]) -> None:
        assert parse_birth_date(text) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "3/5/79",
            "March 5, 1979",
            "5.3.1979",
            "1979/03/05",
            "680724",
            "unknown",
            "\uff11\uff19\uff17\uff19",
        ],
    )
    def test_other_forms_are_refused(self, text: str) -> None:
        with pytest.raises(IdentifierError) as caught:
            parse_birth_date(text)
        assert caught.value.code == "birth-date-unreadable"
        assert text not in str(caught.value)

    @pytest.mark.parametrize("text", ["1900-01-01", "1/1/1900", "99991231", "I9OO-01-01"])
    def test_what_stands_for_none_is_refused(self, text: str) -> None:
        with pytest.raises(IdentifierError) as caught:
            parse_birth_date(text)
        assert caught.value.code == "value-placeholder"

    @given(st.dates(dt.date(1900, 1, 2), dt.date(2100, 1, 1)))
    def test_all_forms_of_a_date_agree(self, date: dt.date) -> None:
        iso = date.isoformat()
        born = parse_birth_date(iso)
        assert born.full == iso.replace("-", "")
        assert parse_birth_date(born.full) == born
        assert parse_birth_date(f"{date.month}/{date.day}/{date.year:04}") == born

    def test_repr_shows_nothing(self) -> None:
        assert "1979" not in repr(parse_birth_date("1979-03-05"))
        assert "1979" not in f"{parse_birth_date('1979-03-05')}"
