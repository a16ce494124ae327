"""What a meeting talks about, and since when and until when. Pure."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final, Protocol

from app.small_cells.hiding import Cell, Key, publish

NEW_FOR: Final = timedelta(days=35)
"""Since the meeting before, whatever day of the month it was."""
STALE_AFTER: Final = timedelta(days=30)
SOON: Final = timedelta(days=60)
"""Before the second next meeting: what ends until then is to be extended at this one."""
LEAST_OFFICES: Final = 4
"""In a smaller meeting "some" would name the pair: it reads no numbers."""
STATE: Final = -1
"""Stands for the whole state among committees, as 0 does for what is in none."""

TOPICS: Final[Mapping[str, str]] = {
    "new_overlaps": "New overlaps of the last 35 days",
    "stale_overlaps": "Overlaps older than 30 days without an answer of both offices",
    "disagreements": "Overlaps that one office confirms and the other does not",
    "pending_contacts": "Requests for a contact that wait for an answer",
    "pending_requests": "Requests for joint handling that wait for an answer or a signature",
    "expiring_agreements": "Agreements that end within 60 days",
    "ended_agreements": "Agreements that ended in the last 35 days",
}


class Counted(Protocol):
    """A row of what was counted, by the names of its columns."""

    def __getitem__(self, name: str, /) -> Any:
        """Return a column."""


def arrange(rows: Iterable[Counted], sizes: Mapping[int, int]) -> dict[int, dict[str, int | None]]:
    """Return what each meeting is told, by committee, 0 for the state's: no small number.

    One that is too small is told of no topic, not even that there is nothing.

    Args:
        rows: Counts by committee and topic, `STATE` for the whole state.
        sizes: How many offices take part in each committee, 0 for the whole state.
    """
    cells: dict[Key, Cell] = {
        (str(row["committee"]), row["topic"]): Cell(row["n"], row["largest"]) for row in rows
    }
    places = sorted({place for place, _ in cells} - {str(STATE)})
    lines = [((str(STATE), topic), tuple((place, topic) for place in places)) for topic in TOPICS]
    shown = publish(cells, lines)
    return {
        committee: {topic: shown.get((str(committee or STATE), topic), 0) for topic in TOPICS}
        for committee, size in sizes.items()
        if size >= LEAST_OFFICES
    } | {committee: {} for committee, size in sizes.items() if size < LEAST_OFFICES}
