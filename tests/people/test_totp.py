from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.people import totp

SECRET = b"12345678901234567890"
NOW = datetime(2026, 3, 1, 17, 0, 5, tzinfo=UTC)


class TestCode:
    @pytest.mark.parametrize(
        ("seconds", "code"),
        [
            (59, "94287082"),
            (1111111109, "07081804"),
            (1111111111, "14050471"),
            (1234567890, "89005924"),
            (2000000000, "69279037"),
            (20000000000, "65353130"),
        ],
    )
    def test_vectors_of_rfc_6238(self, seconds: int, code: str) -> None:
        """Appendix B has eight digits; six are its last ones."""
        step = totp.step_at(datetime.fromtimestamp(seconds, UTC))
        assert totp.code_at(SECRET, step) == code[2:]

    def test_one_step_early_or_late_is_found(self) -> None:
        present = totp.step_at(NOW)
        for step in range(present - 3, present + 4):
            found = totp.step_of(SECRET, totp.code_at(SECRET, step), now=NOW)
            assert found == (step if abs(step - present) <= 1 else None)

    @given(st.binary(min_size=20, max_size=20))
    def test_the_address_holds_the_secret(self, secret: bytes) -> None:
        address = totp.address(secret, account="duty.deputy", office="CA019000A")
        assert f"secret={totp.text(secret)}&" in address
        assert " " not in address

    def test_text_is_no_code_of_another_secret(self) -> None:
        code = totp.code_at(SECRET, totp.step_at(NOW))
        later = NOW + timedelta(days=1)
        assert totp.step_of(SECRET[::-1], code, now=later) is None
