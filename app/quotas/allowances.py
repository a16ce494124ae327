"""How many elements an office may have evaluated (starting values, to be tuned with the field).

The function `debit` of the database counts, with the same figures: change both.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

DAY: Final = timedelta(days=1)
PERIOD: Final = timedelta(days=30)
PERIOD_DAYS: Final = 10
"""A period's cap, in daily allowances; pages that are listed have none, or who polls them would
lock its office out for weeks."""

QUICK_CHECK: Final = "quick_check"
"""The class of subjects that are looked up without a post; tokens that an office has made before
would else be worth any number of questions."""

READING: Final = "reading"
"""The class of overlaps that are opened for what the other office's case is about."""

LISTING: Final = "listing"
"""The class of pages of overlaps, and of networks: more than people or their systems look at."""

COUNTED: Final = frozenset({QUICK_CHECK, READING, LISTING})
"""Classes of what is not evaluated; no import allowance is of these."""

PER_DAY: Final[Mapping[str, int]] = {
    "person": 3000,
    "tel": 500,
    QUICK_CHECK: 600,
    READING: 300,
    LISTING: 10_000,
}
PER_DAY_OF_ANY_OTHER: Final = 200


class Share(NamedTuple):
    """How much of an office's allowance one holder may have."""

    of_daily: float
    """The part of a day's allowance that comes back in a day."""
    burst: int
    """How many days' worth of that may be spent at once."""
    of_listing: float
    """The part of a day's pages."""


OFFICE: Final = Share(1, 2, 1)
CLIENT: Final = Share(1, 1, 1 / 2)
"""A stolen client key gets half of what its office may spend at once, and one that polls leaves
people half of the pages of each day."""
PERSON: Final = Share(1 / 3, 2, 1 / 3)
"""Nobody types as many names as an export holds."""


@dataclass(frozen=True)
class Bucket:
    """What was spent of one class by one holder, as it stands at an instant."""

    spent: float
    counted_at: datetime
    period_spent: int
    period_began_at: datetime


def per_day(key_class: str) -> int:
    """Return the daily allowance of a class, in elements; the feed has as much again."""
    key_class = key_class.removeprefix("feed:")
    return PER_DAY.get(key_class, PER_DAY_OF_ANY_OTHER)


def daily(key_class: str, share: Share) -> float:
    """Return how much of a class comes back to a holder in a day."""
    part = share.of_listing if key_class == LISTING else share.of_daily
    return part * per_day(key_class)


def of_period(key_class: str, share: Share) -> float:
    """Return how much of a class a holder may have in 30 days."""
    return math.inf if key_class == LISTING else PERIOD_DAYS * daily(key_class, share)


def at(bucket: Bucket, key_class: str, share: Share, now: datetime) -> Bucket:
    """Return the bucket as time has lowered it by `now` or when it was last counted."""
    now = max(now, bucket.counted_at)
    days = (now - bucket.counted_at) / DAY
    spent = max(0.0, bucket.spent - days * daily(key_class, share))
    if now - bucket.period_began_at < PERIOD:
        return Bucket(spent, now, bucket.period_spent, bucket.period_began_at)
    return Bucket(spent, now, 0, now)


def wait(bucket: Bucket, key_class: str, share: Share, count: int) -> timedelta | None:
    """Return how long until `count` more elements fit into a bucket as of now.

    Zero means now, None never: more than fits even into an empty bucket.
    """
    in_a_day = daily(key_class, share)
    if count > share.burst * in_a_day:
        return None
    until = max(0.0, bucket.spent + count - share.burst * in_a_day) / in_a_day * DAY
    if bucket.period_spent + count > of_period(key_class, share):
        until = max(until, bucket.period_began_at + PERIOD - bucket.counted_at)
    return until


def left(bucket: Bucket, key_class: str, share: Share) -> int:
    """Return how many more elements fit into a bucket as of now."""
    at_once = share.burst * daily(key_class, share) - bucket.spent
    return max(0, int(min(at_once, of_period(key_class, share) - bucket.period_spent)))
