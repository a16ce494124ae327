"""From counts to the figures that are published: which cells there are, and which add up. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, Protocol

from app.insights.measures import BREAKDOWNS, MEASURES
from app.small_cells.hiding import Cell, Key, Line, publish

MONTHS: Final = 24
"""Months that are told apart, the one of the publication included; those before are one."""
ALL: Final = "all"
"""Where the figures of the whole state are found among those of places and months."""
SUM: Final = ""
"""Where the sum of all categories is found among them."""
_STATE: Final = (ALL, "")

Figures = dict[str, dict[str, int | None]]
"""By place or month, then by category; what is zero is left out, None is hidden."""


class Counted(Protocol):
    """A row of what was counted, by the names of its columns."""

    def __getitem__(self, name: str, /) -> Any:
        """Return a column."""


def first_month(made_on: date) -> str:
    """Return the first month that is told apart, `YYYY-MM`."""
    months = made_on.year * 12 + made_on.month - MONTHS
    return f"{months // 12:04}-{months % 12 + 1:02}"


def months(made_on: date) -> list[str]:
    """Return the months that are told apart, the earliest first."""
    first = made_on.year * 12 + made_on.month - MONTHS
    return [f"{each // 12:04}-{each % 12 + 1:02}" for each in range(first, first + MONTHS)]


def arrange(rows: Iterable[Counted]) -> dict[tuple[str, str], Figures]:
    """Return the figures of each measure and breakdown, small ones hidden.

    All figures of one unit are protected together, because they add up to the same sums.
    """
    of_unit: dict[str, dict[Key, Cell]] = defaultdict(dict)
    for row in rows:
        key = (row["breakdown"], row["place"], row["measure"], row["category"])
        of_unit[row["unit"]][key] = Cell(row["n"], row["largest"])
    arranged: dict[tuple[str, str], Figures] = {}
    for unit in ("cases", "sides"):
        cells = of_unit[unit]
        shown = publish(cells, _lines(unit, cells))
        for measure in (name for name, each in MEASURES.items() if each.unit == unit):
            for breakdown in BREAKDOWNS:
                arranged[measure, breakdown] = _figures(measure, breakdown, shown)
    return arranged


def _lines(unit: str, cells: Mapping[Key, Cell]) -> list[Line]:
    """Return what adds up to what: over places and months, and over the categories of a measure."""
    places = {key[:2] for key in cells}
    measures = {name: each.categories for name, each in MEASURES.items() if each.unit == unit}
    named = [("", SUM), *((name, each) for name, of in measures.items() for each in of)]
    return [
        *(
            (
                (*_STATE, *name),
                tuple((*place, *name) for place in sorted(places) if place[0] == breakdown),
            )
            for name in named
            for breakdown in BREAKDOWNS
        ),
        *(
            ((*place, "", SUM), tuple((*place, measure, each) for each in categories))
            for place in sorted(places)
            for measure, categories in measures.items()
        ),
    ]


def _figures(measure: str, breakdown: str, shown: Mapping[Key, int | None]) -> Figures:
    figures: Figures = defaultdict(dict)
    for (by, place, of_measure, category), value in shown.items():
        if of_measure in {"", measure} and by in {ALL, breakdown}:
            figures[ALL if by == ALL else place][category] = value
    return dict(figures)
