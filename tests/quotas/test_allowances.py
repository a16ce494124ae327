"""The arithmetic of allowances: laws, not examples."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.identifiers.kinds import KEY_CLASSES
from app.quotas.allowances import (
    CLIENT,
    DAY,
    LISTING,
    OFFICE,
    PERIOD,
    PERSON,
    Bucket,
    Share,
    at,
    daily,
    left,
    of_period,
    wait,
)

START = datetime(2026, 3, 1, tzinfo=UTC)
ASKS = st.lists(st.tuples(st.integers(0, 200_000), st.integers(1, 1000)), max_size=60)
SHARES = st.sampled_from([OFFICE, CLIENT, PERSON])


def spend(asks: list[tuple[int, int]], key_class: str, share: Share) -> list[tuple[datetime, int]]:
    """Return what is granted of asks, each so many seconds after the one before."""
    bucket, now, granted = Bucket(0, START, 0, START), START, []
    for seconds, count in asks:
        now += timedelta(seconds=seconds)
        bucket = at(bucket, key_class, share, now)
        if wait(bucket, key_class, share, count) == timedelta(0):
            period = bucket.period_spent + count
            bucket = Bucket(bucket.spent + count, now, period, bucket.period_began_at)
            granted.append((now, count))
    return granted


@given(ASKS, st.sampled_from(["person", "tel", "ssn", LISTING]), SHARES)
def test_no_stretch_of_time_gets_more_than_burst_and_rate(
    asks: list[tuple[int, int]], key_class: str, share: Share
) -> None:
    granted = spend(asks, key_class, share)
    in_a_day = daily(key_class, share)
    for first in range(len(granted)):
        total = 0
        for now, count in granted[first:]:
            total += count
            days = (now - granted[first][0]) / DAY
            assert total <= (share.burst + days) * in_a_day + 1e-6
    in_period = sum(count for now, count in granted if now < START + PERIOD)
    assert in_period <= of_period(key_class, share)


@given(
    st.floats(0, 6000),
    st.integers(0, 30_000),
    st.integers(1, 1000),
    st.sampled_from([*KEY_CLASSES, LISTING]),
    SHARES,
)
def test_after_the_wait_that_was_named_it_fits(
    spent: float, period_spent: int, count: int, key_class: str, share: Share
) -> None:
    bucket = Bucket(spent, START, period_spent, START)
    until = wait(bucket, key_class, share, count)
    if until is None:
        assert count > share.burst * daily(key_class, share)
        return
    later = at(bucket, key_class, share, START + until + timedelta(seconds=1))
    assert wait(later, key_class, share, count) == timedelta(0)


@given(st.floats(0, 6000), st.integers(-100_000, 100_000))
def test_a_clock_that_goes_back_gives_nothing(spent: float, seconds: int) -> None:
    moved = at(Bucket(spent, START, 0, START), "tel", OFFICE, START + timedelta(seconds=seconds))
    assert moved.counted_at >= START
    assert moved.spent <= spent


def test_a_client_that_polls_leaves_people_half_of_each_day() -> None:
    client = office = Bucket(0, START, 0, START)
    for hours in range(24 * 60):
        now = START + timedelta(hours=hours)
        client, office = at(client, LISTING, CLIENT, now), at(office, LISTING, OFFICE, now)
        count = left(client, LISTING, CLIENT)
        if hours % 24 == 23:
            people = int(daily(LISTING, OFFICE)) // 2
            assert left(office, LISTING, OFFICE) >= count + people
            office = replace(office, spent=office.spent + people)
        client = replace(client, spent=client.spent + count)
        office = replace(office, spent=office.spent + count)
