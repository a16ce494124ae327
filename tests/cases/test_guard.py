import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cases.guard import find_identifiers

IDENTIFIERS = [
    ("social-security-number", "123-45-6789"),
    ("social-security-number", "123 45 6789"),
    ("long-number", "123456789"),
    ("alien-number", "A-123456789"),
    ("alien-number", "a1234567"),
    ("email-address", "someone@example.com"),
    ("date-of-birth", "DOB 01/02/1990"),
    ("date-of-birth", "born on 2 March 1990"),
    ("vehicle-number", "1HGCM82633A004352"),
    ("web-address", "https://example.com/ad/1"),
    ("web-address", "www.example.com"),
    ("handle", "@some_handle"),
    ("phone-number", "(415) 555-0132"),
    ("phone-number", "415-555-0132"),
    ("phone-number", "+1 415 555 0132"),
    ("phone-number", "415.555.0132"),
]
CLEAN = [
    "Worked without pay in a kitchen; the employer kept the papers.",
    "Charged under Penal Code 236.1(b); second count 18 U.S.C. 1591 pending review.",
    "Three workers at a farm in the north of the county, 2024 to 2026, debt of $4,500 each.",
    "Indictment 24-CR-00117, filed 2026-01-31; hearing set for 14 March at 9:30.",
    "Recruited abroad by a labour contractor, housed 12 to a room, hours 6 am to 10 pm.",
    "NIBRS 64B; industry 722511; county 06019; stage: preliminary hearing.",
    "See 28 CFR 23.20(h) and Cal. Gov. Code 7284.6.",
]


class TestFindIdentifiers:
    @pytest.mark.parametrize(("code", "value"), IDENTIFIERS)
    def test_names_kind_and_position_and_never_the_value(self, code: str, value: str) -> None:
        found = find_identifiers(f"Seen twice: {value} in May.")
        assert code in {problem.code for problem in found}
        assert {problem.pointer for problem in found} == {"/summary"}
        assert any("character 13." in p.detail or "character 12." in p.detail for p in found)
        assert value not in str(found)

    @pytest.mark.parametrize("text", CLEAN)
    def test_clean_legal_text_passes(self, text: str) -> None:
        assert find_identifiers(text) == ()

    @pytest.mark.parametrize(
        "disguised",
        [
            "１２３-４５-６７８９",  # noqa: RUF001 -- full-width digits
            "123\u200b-45-\u200b6789",
            "\u0661\u0662\u0663-\u0664\u0665-\u0666\u0667\u0668\u0669",
            "someone\uff20example.com",
            "415\u00ad555\u00ad0132",
            "415\u2011555\u20110132",
        ],
    )
    def test_a_disguise_of_characters_does_not_help(self, disguised: str) -> None:
        assert find_identifiers(f"Seen: {disguised} in May.")

    @given(
        before=st.text(max_size=80),
        number=st.integers(2_000_000_000, 9_999_999_999),
    )
    def test_a_long_number_is_found_after_any_words(self, before: str, number: int) -> None:
        found = find_identifiers(f"{before} {number}.")
        assert found
        assert str(number) not in str(found)

    @given(st.text(max_size=300))
    def test_any_text_is_read_without_failing(self, text: str) -> None:
        assert len(find_identifiers(text)) <= 20
