from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.cases.schemas import Summary
from app.core.plain_text import Plain
from app.core.schemas import PageRead, Read, Sent

_EXAMPLE = "_0198a3c0b1c27d3e8f90a1b2c3d4e5f6"
ReadingId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names a reading of a summary; opaque.",
        examples=[f"srd{_EXAMPLE}"],
    ),
]
CorrectionId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names a request for correction; opaque.",
        examples=[f"cor{_EXAMPLE}"],
    ),
]
Reason = Annotated[str, StringConstraints(min_length=10, max_length=300), Plain]
AskedFor = Annotated[
    Literal["counsel", "person", "own_office", "other_office"],
    Field(description="For whom the office asks: a person's counsel, the person, itself, another."),
]
Ground = Annotated[
    Literal["not_the_person", "not_suspected", "juvenile", "wrong_data", "sealed", "out_of_date"],
    Field(description="What is said to be wrong with the entry."),
]
Outcome = Annotated[
    Literal["stands", "changed", "withdrawn"],
    Field(description="What came of it: the entry stands, was changed, or was withdrawn."),
]


class SummaryReadingAsk(Sent):
    """A summary that was refused and, as someone says, holds no identifier."""

    summary: Summary
    """The very text that is to be posted; it is not kept."""
    reason: Reason
    """Why what was found is no identifier, without quoting it."""


class SummaryReadingGive(Sent):
    """The same summary, sent by the person who read it second."""

    summary: Summary
    """The very text; it is not kept."""


class SummaryReadingRead(Read):
    """Where two persons' reading of a summary stands."""

    id: ReadingId
    forms: tuple[str, ...]
    """Kinds of identifier that something in it was taken for, such as `plate`."""
    reason: str
    """Why it is none, as the first person says."""
    asked_at: datetime
    """When the first person asked, UTC."""
    read_at: datetime | None
    """When the second agreed, UTC; null before. From then on it can be posted."""
    expires_at: datetime
    """Until when it can be agreed on, or posted, UTC."""


class HoldSet(Sent):
    """A legal hold: the case stays as it is and is matched with nothing."""

    reason: Reason
    """Why, without names or identifiers; only the own office reads it."""


class HoldRead(Read):
    """A legal hold on a case, or its end."""

    held_at: datetime | None
    """Since when it is held, UTC; null once it is lifted."""
    reason: str | None
    """Why; null once it is lifted."""


class CorrectionAsk(Sent):
    """A request that the office review one of its entries."""

    asked_for: AskedFor
    ground: Ground


class CorrectionSettle(Sent):
    """What came of a review."""

    outcome: Outcome


class CorrectionRead(Read):
    """A request for correction and its outcome."""

    id: CorrectionId
    asked_for: AskedFor
    ground: Ground
    asked_at: datetime
    """When it was asked, UTC."""
    due_on: date
    """By when it is to be settled: 30 days later."""
    outcome: Outcome | None
    """Null while it is open."""
    settled_at: datetime | None
    """When it was settled, UTC; null while it is open."""

    def response_headers(self) -> dict[str, str]:
        """Return no headers: a request for correction is read in the list."""
        return {}


class CorrectionPage(PageRead[CorrectionRead]):
    """Requests for correction of a case, newest first."""
