from datetime import date

import pytest

from app.reference.holidays import is_holiday
from app.reference.tables import rows
from tests.reference import holidays


def test_the_table_is_what_the_library_says() -> None:
    assert [tuple(row.values()) for row in rows("holidays")] == list(holidays.rows())


def test_the_table_reaches_ten_years_ahead() -> None:
    assert date.today().year + 10 in holidays.YEARS  # noqa: DTZ011 -- only the year matters


@pytest.mark.parametrize(
    ("day", "state", "expected"),
    [
        (date(2026, 7, 3), "CA", True),  # Independence Day falls on a Saturday
        (date(2026, 7, 3), "ZZ", True),
        (date(2026, 3, 31), "CA", True),  # Cesar Chavez Day
        (date(2026, 3, 31), "NV", False),
        (date(2026, 3, 31), "ZZ", False),
        (date(2026, 7, 6), "CA", False),
    ],
)
def test_each_state_keeps_its_own(day: date, state: str, *, expected: bool) -> None:
    assert is_holiday(day, state) is expected
