import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.identifiers.errors import IdentifierError
from app.identifiers.phones import normalize_phone


class TestNormalizePhone:
    @pytest.mark.parametrize(
        "raw",
        [
            "(415) 555-0132 ext 9",
            "415.555.0132",
            "4155550132",
            "1-415-555-0132",
            "+1 415 555 0132 x12",
            "tel:+1-415-555-0132",
            "011 1 415 555 0132",
        ],
    )
    def test_one_number_one_text(self, raw: str) -> None:
        assert normalize_phone(raw) == "+14155550132"

    @pytest.mark.parametrize(
        ("raw", "region", "expected"),
        [
            ("+44 20 7946 0958", "US", "+442079460958"),
            ("02 9374 4000", "AU", "+61293744000"),
            ("+39 06 698 12345", "US", "+390669812345"),
            ("1-800-FLOWERS", "US", "+18003569377"),
            ("(212) 222-2222", "US", "+12122222222"),
        ],
    )
    def test_others(self, raw: str, region: str, expected: str) -> None:
        assert normalize_phone(raw, region) == expected

    @pytest.mark.parametrize(
        "raw",
        [
            "0000000000",
            "999-999-9999",
            "1234567890",
            "(415) 555-5555",
            "415-123-4567",
            "213-555-1212",
            "213-555-0100",
            "415-000-0000",
            "+61 11 1111 111",
        ],
    )
    def test_fillers_are_refused(self, raw: str) -> None:
        with pytest.raises(IdentifierError) as caught:
            normalize_phone(raw)
        assert caught.value.code == "phone-placeholder"
        assert raw not in str(caught.value)

    @pytest.mark.parametrize(
        "raw", ["", "abc", "12", "919", "555-0132", "5550132", "+999 123", "०४१५५५५०१३२"]
    )
    def test_what_is_no_whole_number_is_refused(self, raw: str) -> None:
        with pytest.raises(IdentifierError) as caught:
            normalize_phone(raw)
        assert caught.value.code == "phone-unreadable"
        assert not raw or raw not in str(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None

    @pytest.mark.parametrize("raw", ["911", "9-8-8", "233733", "1 (888) 373-7888", "800-799-7233"])
    def test_what_everybody_calls_is_refused(self, raw: str) -> None:
        with pytest.raises(IdentifierError) as caught:
            normalize_phone(raw)
        assert caught.value.code == "phone-hotline"

    @given(
        st.text("0123456789 ()-", min_size=7, max_size=17),
        st.sampled_from(["", "+"]),
        st.sampled_from(["US", "AU"]),
    )
    def test_twice_changes_nothing(self, raw: str, plus: str, region: str) -> None:
        try:
            once = normalize_phone(plus + raw, region)
        except IdentifierError:
            return
        assert normalize_phone(once, region) == normalize_phone(once, "GB") == once
