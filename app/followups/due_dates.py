"""By when an office answers an overlap: business days by strength and class. Pure.

A business day is Monday to Friday and no public holiday of the office's own state, federal ones
included; it begins and ends at midnight in the office's own zone.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Final

from app.followups.states import Step
from app.offices.seats import Seat
from app.reference.holidays import is_holiday

_DAYS: Final = """
             pre_charge  charged  disposed  declined
strong       3           2        10        5
probable     5           3        10        10
possible     10          5        20        20
shared_only  15          10       20        20
"""
"""Business days to acknowledge. What is charged comes first: a plea may end the other's case."""

JUDGED_WITHIN: Final = 3
"""So many times as long as to acknowledge an overlap an office has to give its verdict, or to agree
with the other office where they gave two."""

_SATURDAY: Final = 5
_ONE: Final = timedelta(days=1)


def _load(table: str) -> dict[tuple[str, str], int]:
    head, *rows = (line.split() for line in table.strip().splitlines())
    return {
        (band, each): int(days)
        for band, *cells in rows
        for each, days in zip(head, cells, strict=True)
    }


DAYS: Final = _load(_DAYS)


def business_days(after: date, state: str, *, back: bool = False) -> Iterator[date]:
    """Yield the business days of a state after a day, or before it, going away from it."""
    day = after
    while True:
        day = day - _ONE if back else day + _ONE
        if day.weekday() < _SATURDAY and not is_holiday(day, state):
            yield day


def business_day(after: date, days: int, state: str, *, back: bool = False) -> date:
    """Return the business day that is `days` (1 or more) after a day, or before it."""
    return next(islice(business_days(after, state, back=back), days - 1, None))


def due_on(owed_since: datetime, band: str, record_class: str, step: Step, seat: Seat) -> date:
    """Return the last day on which a step is in time.

    Args:
        owed_since: When it came to be owed: the evidence was found, or the verdicts disagreed.
        band: How strong it is.
        record_class: Of the office's own case.
        step: What is due.
        seat: The office's; a state without a calendar keeps the federal holidays.
    """
    days = allowed_days(band, record_class, step)
    return business_day(seat.day_of(owed_since), days, seat.state)


def had_before(today: date, days: int, seat: Seat) -> datetime:
    """Return before when it was told who has had `days` business days (1 or more) by today.

    The same as `business_day(told_on, days, seat.state) <= today`.
    """
    return seat.begin_of(business_day(today + _ONE, days, seat.state, back=True))


def allowed_days(band: str, record_class: str, step: Step) -> int:
    """Return how many business days a step may take."""
    return DAYS[band, record_class] * (1 if step == "acknowledge" else JUDGED_WITHIN)


@lru_cache(maxsize=128)
def overdue_before(today: date, seat: Seat) -> tuple[tuple[str, str, datetime, datetime], ...]:
    """Return band, class, and before when what is late to acknowledge, or to judge, was owed.

    The same as `due_on(...) < today`, for all at once, so that a statement can ask it.
    """
    longest = max(DAYS.values()) * JUDGED_WITHIN
    days_back = [today, *islice(business_days(today, seat.state, back=True), longest)]
    past = [seat.begin_of(day) for day in days_back]
    return tuple(
        (band, each, past[days], past[days * JUDGED_WITHIN]) for (band, each), days in DAYS.items()
    )
