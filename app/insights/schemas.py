from datetime import date
from typing import Literal

from app.core.schemas import Read
from app.insights.measures import Breakdown, MeasureName
from app.small_cells.hiding import LEAST, STEP


class CategoryRead(Read):
    """One of the categories that every case or side is in exactly one of."""

    code: str
    """The coded word."""
    meaning: str
    """What it means, as a phrase to show."""


class InsightRowRead(Read):
    """The figures of one county or month, or of the whole state."""

    place: str
    """FIPS code of the county or `YYYY-MM`; empty for cases without a county, or before the first
    month; `all` for the state."""
    name: str
    """What the place is called."""
    total: int | None
    """The sum of all categories; null as in `counts`."""
    counts: tuple[int | None, ...]
    """In the order of `categories`, in steps of five; 0 is none. Null is hidden: it is less than
    five, or would let somebody find a number that is."""


class InsightRead(Read):
    """One table of figures of the caller's state, made anew once a month."""

    measure: MeasureName
    by: Breakdown
    unit: Literal["cases", "sides"]
    """Whether cases are counted, or sides of overlaps, two of each overlap within the state."""
    state: str
    """Two letters."""
    made_on: date | None
    """The day as of which it was counted; null while nothing was counted yet."""
    least: int = LEAST
    """Smaller numbers are hidden."""
    step: int = STEP
    """Every number is rounded to a multiple of it."""
    categories: tuple[CategoryRead, ...]
    """What the counts of a row stand for, in order."""
    overall: InsightRowRead
    """The whole state."""
    rows: tuple[InsightRowRead, ...]
    """Counties by name, or months from the earliest on; a county without any is left out."""
