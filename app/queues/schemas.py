from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.cases.vocabulary import Band, RecordClass, TraffickingType
from app.core.plain_text import Plain
from app.core.schemas import Read

Turn = Annotated[
    Literal["ours", "theirs", "settled", "all"],
    Field(
        description="Whose answer an overlap waits for: the own office's, also to agree "
        "where the two contradict each other, the other one's, nobody's because both have "
        "answered; or whichever."
    ),
]


Assigned = Annotated[
    Literal["anyone", "me", "nobody"],
    Field(description="Who of the office sees to it: the reader, nobody yet, or whoever."),
]


class QueueFilter(Read):
    """Which of the overlaps that an office may know of are asked for."""

    turn: Turn = "all"
    band: Band | None = None
    """Only this band; None: any."""
    external_id: str | None = None
    """Only of the own case of this number; None: of any."""
    assigned: Assigned = "anyone"
    since: datetime | None = None
    """Only those found after this instant; None: any."""
    office: str = ""
    """Only those that show which the other office is, and this is a part of its name or code."""


class CaseFilter(Read):
    """Which of an office's own cases are asked for; what is empty says nothing."""

    number: str = ""
    """A part of the number, in letters of any size."""
    stage: RecordClass | Literal[""] = ""
    kind: TraffickingType | Literal[""] = ""


class QueueCounts(Read):
    """How many overlaps wait for whom, of those assigned as asked and of the newest ones."""

    total: int
    """Every one that stands, whoever sees to it."""
    is_cut: bool
    """Whether there may be older ones, which are not counted."""
    ours: int
    """Those that the own office has not answered, that were reopened, or that it is to agree on."""
    theirs: int
    """Those that it has answered and the other office has not."""
    settled: int
    """Those that both have answered, without contradiction that the own office has to resolve."""
    mine: int
    """Those that the reader sees to, whatever was asked."""
    fresh: int
    """Those found since the reader's last visit; 0 on the first."""
    all: int
    """Every one of these."""


class ViewSave(Read):
    """Filters of the queue, to be kept under a name."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=40), Plain]
    filters: Annotated[str, StringConstraints(max_length=300)]
    """As the address of the queue has them; the caller has checked them."""


class ViewRead(Read):
    """A view that the person saved."""

    name: str
    filters: str
    """As the address of the queue has them."""
