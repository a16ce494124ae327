"""Reads the data files of this package: comma-separated, UTF-8, a heading line, no blank rows."""

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

_DATA: Final = Path(__file__).with_name("data")


def rows(table: str) -> Iterator[dict[str, str]]:
    """Yield the rows of `table` (a file without its `.csv`) by the names of their columns."""
    with _DATA.joinpath(f"{table}.csv").open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines, strict=True)


def day(text: str) -> date | None:
    """Return an ISO date, None for an empty cell."""
    return date.fromisoformat(text) if text else None


def covers(starts: date | None, ends: date | None, on: date) -> bool:
    """Say whether `on` lies within a row's dates; its end is exclusive and None is no bound."""
    return (starts is None or starts <= on) and (ends is None or on < ends)
