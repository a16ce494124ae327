from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.followups.due_dates import DAYS, business_day, due_on, overdue_before
from app.offices.places import Place, place_of

INSTANTS = st.integers(0, 8 * 366 * 24 * 60).map(
    lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
PLACES = st.sampled_from(["CA", "NV", "TX", "GU", "AS", "ZZ"]).map(place_of)


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
    @given(found=INSTANTS, place=PLACES, later=st.timedeltas(timedelta(), timedelta(days=120)))
    def test_is_said_alike_of_one_and_of_all_at_once(
        self, found: datetime, place: Place, later: timedelta
    ) -> None:
        today = place.day_of(found + later)
        for band, record_class, acknowledged, judged in overdue_before(today, place):
            for step, before in (("acknowledge", acknowledged), ("judge", judged)):
                due = due_on(found, band, record_class, step, place)  # type: ignore[arg-type]
                assert (due < today) is (found < before)

    @given(found=INSTANTS, place=PLACES)
    def test_comes_for_the_verdict_after_the_acknowledgement(
        self, found: datetime, place: Place
    ) -> None:
        for band, record_class in DAYS:
            first = due_on(found, band, record_class, "acknowledge", place)
            assert place.day_of(found) < first < due_on(found, band, record_class, "judge", place)

    def test_counts_days_as_the_office_does(self) -> None:
        monday_evening = datetime(2026, 3, 3, 3, tzinfo=UTC)  # in California; Tuesday in UTC
        for place, due in ((place_of("CA"), 4), (place_of("GU"), 5), (place_of("ZZ"), 5)):
            found = due_on(monday_evening, "strong", "charged", "acknowledge", place)
            assert found == date(2026, 3, due), place
