from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.followups.due_dates import DAYS, business_day, due_on, had_before, overdue_before
from app.offices.seats import Seat, seat_of

INSTANTS = st.integers(0, 8 * 366 * 24 * 60).map(
    lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
SEATS = st.sampled_from(["CA", "NV", "TX", "GU", "AS", "ZZ"]).map(seat_of)


class TestBusinessDay:
    def test_leaves_out_weekends_and_federal_holidays(self) -> None:
        thursday = date(2026, 7, 2)  # Independence Day is kept on Friday the 3rd
        assert business_day(thursday, 1, "CA") == date(2026, 7, 6)
        assert business_day(date(2026, 7, 6), 1, "CA", back=True) == thursday

    def test_leaves_out_holidays_of_the_own_state_only(self) -> None:
        before = date(2026, 3, 30)  # Cesar Chavez Day is the 31st
        assert business_day(before, 1, "CA") == date(2026, 4, 1)
        assert business_day(before, 1, "NV") == date(2026, 3, 31)


class TestWaits:
    @given(told=INSTANTS, seat=SEATS, days=st.integers(1, 5), later=st.integers(0, 14))
    def test_are_over_when_so_many_business_days_came_after(
        self, told: datetime, seat: Seat, days: int, later: int
    ) -> None:
        told_on = seat.day_of(told)
        today = told_on + timedelta(days=later)
        is_over = business_day(told_on, days, seat.state) <= today
        assert (told < had_before(today, days, seat)) is is_over


class TestOverdue:
    @given(found=INSTANTS, seat=SEATS, later=st.timedeltas(timedelta(), timedelta(days=120)))
    def test_is_said_alike_of_one_and_of_all_at_once(
        self, found: datetime, seat: Seat, later: timedelta
    ) -> None:
        today = seat.day_of(found + later)
        for band, record_class, acknowledged, judged in overdue_before(today, seat):
            for step, before in (("acknowledge", acknowledged), ("judge", judged)):
                due = due_on(found, band, record_class, step, seat)  # type: ignore[arg-type]
                assert (due < today) is (found < before)

    @given(found=INSTANTS, seat=SEATS)
    def test_comes_for_the_verdict_after_the_acknowledgement(
        self, found: datetime, seat: Seat
    ) -> None:
        for band, record_class in DAYS:
            first = due_on(found, band, record_class, "acknowledge", seat)
            assert seat.day_of(found) < first < due_on(found, band, record_class, "judge", seat)

    def test_counts_days_as_the_office_does(self) -> None:
        monday_evening = datetime(2026, 3, 3, 3, tzinfo=UTC)  # in California; Tuesday in UTC
        for seat, due in ((seat_of("CA"), 4), (seat_of("GU"), 5), (seat_of("ZZ"), 5)):
            found = due_on(monday_evening, "strong", "charged", "acknowledge", seat)
            assert found == date(2026, 3, due), seat
