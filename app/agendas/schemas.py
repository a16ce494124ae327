from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from app.core.schemas import Read
from app.offices.schemas import OfficeRef

MeetingId = Annotated[
    str,
    Field(
        pattern=r"^(state|[0-9]{1,18})$",
        description="`state` for the meeting of the whole state, or a committee's number.",
        examples=["state"],
    ),
]


class MeetingRead(Read):
    """A meeting whose agenda the caller's office reads."""

    id: MeetingId
    name: str
    """Of the committee; of the state's meeting that of the state."""
    made_on: date | None
    """The day of the numbers, once a week; null while nothing was counted yet."""


class MeetingList(Read):
    """The meetings of the caller's office, the state's first."""

    items: tuple[MeetingRead, ...]
    """One for the state and one for the committee; the Attorney General's office reads all."""


class TopicRead(Read):
    """One thing to talk about."""

    topic: str
    """The coded word."""
    meaning: str
    """What it means, as a phrase to show."""
    count: int | None
    """How many in the meeting, in steps of five; 0 is none, null is some but too few to tell."""


class CommitmentDueRead(Read):
    """A commitment of an office's leadership that lapsed or is about to."""

    office: OfficeRef
    """Whose commitment it is."""
    trafficking_type: Literal["sex", "labor", "both"]
    """The matters that it promised to handle jointly."""
    lapses_on: date
    """First day without it."""
    has_lapsed: bool
    """Whether that day has come."""


class ParticipationEndRead(Read):
    """An office whose participation agreement ends soon."""

    office: OfficeRef
    """Whose agreement it is."""
    ends_on: date
    """First day on which nothing is shared with it."""


class AgendaRead(MeetingRead):
    """The sheet of one meeting: the same for every office in it, and no case on it."""

    state: str
    """Two letters."""
    has_counts: bool
    """False where fewer than four offices take part, or took part when it was counted: any number
    would tell of a pair. False, too, while nothing was counted yet."""
    topics: tuple[TopicRead, ...]
    """In the order in which a meeting takes them; none without counts."""
    offices: tuple[OfficeRef, ...]
    """Who sits in the meeting and takes part, by name."""
    commitments: tuple[CommitmentDueRead, ...]
    """Lapsed, or lapsing within 60 days; the earliest first."""
    committed: int
    """How many of the offices have a commitment that stands."""
    participations: tuple[ParticipationEndRead, ...]
    """Participation agreements that end within 60 days."""
