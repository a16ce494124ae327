from typing import Annotated, Literal

from pydantic import Field

from app.cases.vocabulary import Band
from app.core.schemas import Read

Turn = Annotated[
    Literal["ours", "theirs", "settled", "all"],
    Field(
        description="Whose answer an overlap waits for: the own office's, the other one's, "
        "nobody's because both have answered; or whichever."
    ),
]


class QueueFilter(Read):
    """Which of the overlaps that an office may know of are asked for."""

    turn: Turn = "all"
    band: Band | None = None
    """Only this band; None: any."""
    external_id: str | None = None
    """Only of the own case of this number; None: of any."""


class QueueCounts(Read):
    """How many overlaps wait for whom; each number stops at `COUNTED`."""

    ours: int
    """Those that the own office has not answered, or that were reopened since."""
    theirs: int
    """Those that it has answered and the other office has not."""
    settled: int
    """Those that both have answered."""
    all: int
    """Every one that stands."""
