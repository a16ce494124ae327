"""Public holidays of each state, federal ones included, on which offices are closed."""

from datetime import date
from functools import cache

from app.reference.tables import rows


@cache
def _open_or_closed() -> tuple[dict[date, frozenset[str]], dict[date, frozenset[str]]]:
    # Read when first asked: most commands never do.
    closed, still_open = {}, {}
    for row in rows("holidays"):
        day = date.fromisoformat(row["day"])
        if row["is_federal"] == "yes":
            still_open[day] = frozenset(row["states"].split())
        else:
            closed[day] = frozenset(row["states"].split())
    return closed, still_open


def is_holiday(day: date, state: str) -> bool:
    """Say whether a state (two letters) keeps a holiday on a day, Monday to Friday.

    A state that the table does not know keeps the federal holidays.
    """
    closed, still_open = _open_or_closed()
    if day in still_open:
        return state not in still_open[day]
    return state in closed.get(day, ())
