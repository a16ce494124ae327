from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.followups.due_dates import DAYS, business_day, due_on, overdue_before

DATES = st.dates(date(2025, 1, 1), date(2032, 12, 31))
STATES = st.sampled_from(["CA", "NV", "TX", "GU", "ZZ"])


class TestBusinessDay:
    def test_leaves_out_weekends_and_federal_holidays(self) -> None:
        thursday = date(2026, 7, 2)  # Independence Day is kept on Friday the 3rd
        assert business_day(thursday, 1, "CA") == date(2026, 7, 6)
        assert business_day(date(2026, 7, 6), 1, "CA", back=True) == thursday

    def test_leaves_out_holidays_of_the_own_state_only(self) -> None:
        before = date(2026, 3, 30)  # Cesar Chavez Day is the 31st
        assert business_day(before, 1, "CA") == date(2026, 4, 1)
        assert business_day(before, 1, "NV") == date(2026, 3, 31)


class TestOverdue:
    @given(found=DATES, state=STATES, ahead=st.integers(-5, 120))
    def test_is_said_alike_of_one_and_of_all_at_once(
        self, found: date, state: str, ahead: int
    ) -> None:
        today = found + timedelta(days=ahead)
        for band, record_class, acknowledged, judged in overdue_before(today, state):
            for step, before in (("acknowledge", acknowledged), ("judge", judged)):
                due = due_on(found, band, record_class, step, state)  # type: ignore[arg-type]
                assert (due < today) is (found < before)

    @given(found=DATES, state=STATES)
    def test_comes_for_the_verdict_after_the_acknowledgement(self, found: date, state: str) -> None:
        for band, record_class in DAYS:
            first = due_on(found, band, record_class, "acknowledge", state)
            assert found < first < due_on(found, band, record_class, "judge", state)
