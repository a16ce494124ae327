from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

from hypothesis import given
from hypothesis import strategies as st

from app.offices.seats import ZONES, seat_of
from app.reference.counties import STATES

MINUTES = st.integers(0, 8 * 366 * 24 * 60)


class TestSeats:
    def test_are_in_a_zone_that_exists_in_every_state(self) -> None:
        assert set(ZONES.values()) <= available_timezones()
        assert set(STATES) <= ZONES.keys()

    @given(state=st.sampled_from(sorted(ZONES)), minutes=MINUTES)
    def test_have_each_instant_in_one_day(self, state: str, minutes: int) -> None:
        seat = seat_of(state)
        at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
        day = seat.day_of(at)
        begin, end = [seat.begin_of(each) for each in (day, day + timedelta(days=1))]
        assert begin.astimezone(UTC) <= at < end.astimezone(UTC)
