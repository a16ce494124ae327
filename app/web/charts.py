"""Pictures of figures: where each bar and each county goes. Pure; the templates draw them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from app.insights.schemas import InsightRead, InsightRowRead
from app.reference.shapes import shape_of

WIDTH: Final = 720
HEIGHT: Final = 200
"""Of the columns, in units of their picture; names of months go below."""
SHADES: Final = 4
"""Shades of a map beside the one of none."""
_FEW: Final = 6
"""Height of a column whose number is hidden."""
_EVERY: Final = 3
"""Every third month has its name below."""


@dataclass(frozen=True)
class Column:
    """One month's column."""

    x: float
    width: float
    y: float
    height: float
    is_hidden: bool
    name: str
    """Empty where there is no room for it."""
    label: str


@dataclass(frozen=True)
class County:
    """One county of a map."""

    path: str
    shade: str
    """`none`, `hidden`, or `1` to `4`, the darkest."""
    label: str


@dataclass(frozen=True)
class Map:
    """A state's counties, and what their shades mean."""

    width: int
    height: int
    counties: tuple[County, ...]
    legend: tuple[tuple[str, str], ...]


def told(value: int | None) -> str:
    """Return a figure as people read it."""
    return "hidden" if value is None else str(value) if value == 0 else f"about {value}"


def value_of(insight: InsightRead, row: InsightRowRead, category: str) -> int | None:
    """Return a row's figure of a category, of all together without one."""
    codes = [each.code for each in insight.categories]
    return row.counts[codes.index(category)] if category in codes else row.total


def ceiling(values: Sequence[int | None]) -> int:
    """Return a round number that none is above: the top of an axis."""
    most = max([each or 0 for each in values], default=0)
    step = 1
    while step * 10 <= most:
        step *= 10
    return next((top for top in (step, 2 * step, 5 * step, 10 * step) if top >= most), 10)


def columns(insight: InsightRead, category: str) -> tuple[list[Column], int]:
    """Return a column for each row, and the number at the top of the axis, at least 10."""
    values = [value_of(insight, row, category) for row in insight.rows]
    top = max(10, ceiling(values))
    each = WIDTH / max(1, len(values))
    found = []
    for place, (row, value) in enumerate(zip(insight.rows, values, strict=True)):
        height = _FEW if value is None else round(HEIGHT * value / top, 1)
        is_named = (len(values) - 1 - place) % _EVERY == 0
        found.append(
            Column(
                x=round(place * each + each * 0.12, 1),
                width=round(each * 0.76, 1),
                y=round(HEIGHT - height, 1),
                height=height,
                is_hidden=value is None,
                name=row.name if is_named else "",
                label=f"{row.name}: {told(value)}",
            )
        )
    return found, top


def county_map(insight: InsightRead, category: str) -> Map | None:
    """Return the state's counties, shaded by their figures; None where there is no picture."""
    shape = shape_of(insight.state)
    if shape is None:
        return None
    rows = {row.place: row for row in insight.rows}
    values = {fips: value_of(insight, row, category) for fips, row in rows.items()}
    most = max([values.get(fips) or 0 for fips in shape.counties], default=0)
    whole = SHADES * insight.step
    top = whole * max(1, -(-most // whole))
    counties = tuple(
        County(
            path,
            _shade(values.get(fips, 0), top),
            f"{rows[fips].name}: {told(values[fips])}" if fips in rows else "",
        )
        for fips, path in shape.counties.items()
    )
    bounds = [top * each // SHADES for each in range(SHADES + 1)]
    steps = [
        (str(each), f"about {low}" if low == high else f"{low} to {high}")
        for each, (below, high) in enumerate(pairwise(bounds), 1)
        for low in [below + insight.step]
    ]
    legend = (("none", "none"), ("hidden", "hidden: less than five, or hidden to protect that"))
    return Map(shape.width, shape.height, counties, (*legend, *steps))


def _shade(value: int | None, top: int) -> str:
    if value is None:
        return "hidden"
    return str(min(SHADES, -(-SHADES * value // top))) if value else "none"
