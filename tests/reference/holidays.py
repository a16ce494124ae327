"""Writes app/reference/data/holidays.csv: `python -m tests.reference.holidays > FILE`.

The library that knows the holidays stays out of the service, where its tables for calendars of the
whole world would be 7 MB of each worker; test_holidays.py compares the file with it.
"""

import csv
import sys
from collections.abc import Iterator
from datetime import date
from typing import Final

import holidays

YEARS: Final = range(2025, 2051)
STATES: Final = sorted(holidays.list_supported_countries()["US"])
_SATURDAY: Final = 5


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield each weekday that is a holiday somewhere: day, whether federal, and states.

    Of a federal holiday these are the states that do not keep it, of another those that do.
    """
    federal = holidays.country_holidays("US", years=YEARS)
    kept = {state: holidays.country_holidays("US", subdiv=state, years=YEARS) for state in STATES}
    every: set[date] = set(federal).union(*kept.values())
    for day in sorted(every):
        if day.weekday() < _SATURDAY and day.year in YEARS:
            is_federal = day in federal
            states = (state for state in STATES if (day in kept[state]) is not is_federal)
            yield day.isoformat(), "yes" if is_federal else "no", " ".join(states)


if __name__ == "__main__":
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(("day", "is_federal", "states"))
    table.writerows(rows())
