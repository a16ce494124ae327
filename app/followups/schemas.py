from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from app.cases.overlap_schemas import OverlapRead
from app.core.schemas import PageRead, Read, Sent
from app.followups.states import State, Step
from app.people.schemas import PersonId
from app.sharing.schemas import StateOverlapRead

Resolution = Annotated[
    Literal["handled_jointly", "handled_separately", "other_office_handles", "not_a_match"],
    Field(description="What the office's work on the overlap came to."),
]
Level = Annotated[
    Literal["reminder", "backup", "mediator"],
    Field(
        description="Who is told: the people of the office, its backup contact too, the state's "
        "mediator."
    ),
]
Assignee = Annotated[PersonId, StringConstraints(pattern=r"^psn_[0-9a-f]{32}$")]


class FollowUpStep(Sent):
    """One step of the own office with an overlap."""

    event: Literal["acknowledge", "contact", "resolve", "ask_disclosure"]
    """That it was read, that the other office was spoken to, or that nothing is left to do; or that
    the overlap may have to be disclosed, which the office is told once and nobody else."""
    resolution: Resolution | None = None
    """What the office's work came to; to resolve only."""

    @model_validator(mode="after")
    def _resolved(self) -> "FollowUpStep":
        if (self.event == "resolve") != (self.resolution is not None):
            raise ValueError("Give a resolution to resolve, and to nothing else.")
        return self


class AssignmentPut(Sent):
    """Who of the office sees to an overlap."""

    person: Assignee | None
    """Null takes it from whoever has it."""


class AssigneeRead(Read):
    """Who of the own office sees to an overlap; the other office never learns it."""

    person: PersonId
    name: str
    """As the office's administrator wrote it."""


class DueRead(Read):
    """The next step that the own office owes."""

    step: Step
    on: date
    """Last day in time, in the office's zone: business days by strength and record class, holidays
    of the own state."""
    is_overdue: bool
    """Whether that day is past in the office's zone."""


class ReminderRead(Read):
    """That a step was late, and who was told."""

    level: Level
    step: Step
    due_on: date
    """The day that was missed."""
    made_at: datetime
    """When the nightly job found it late, UTC."""


class FollowUpRead(Read):
    """What the own office did about an overlap, with the overlap as the office may see it."""

    overlap: OverlapRead
    """As GET /v1/overlaps shows it."""
    state: State
    round: int
    """1 at first, one more each time that new evidence opened what was resolved."""
    assignee: AssigneeRead | None = None
    """Null while nobody has it."""
    due: DueRead | None = None
    """Null once the office owes no step."""
    acknowledged_at: datetime | None = None
    """When the office said that it has read it, else null."""
    contacted_at: datetime | None = None
    """When the office said that it spoke with the other one, else null."""
    resolved_at: datetime | None = None
    """When the office was done with it, else null."""
    resolution: Resolution | None = None
    """What the office's work came to, else null."""
    disclosure_asked_at: datetime | None = None
    """When somebody of the office said that it may have to be disclosed, else null; counsel
    decides, and not here. No other office sees it."""
    other_state: State | None = None
    """How far the other side has come; from the rung contact on, else null."""
    reminders: tuple[ReminderRead, ...] = ()
    """Of this round, oldest first."""
    version: str
    """Changes with each step of the office and with each change of the overlap."""

    @property
    def etag(self) -> str:
        """The strong validator of this representation, for the office's own changes."""
        return f'"{self.version}"'

    def response_headers(self) -> Mapping[str, str]:
        """Return the ETag."""
        return {"ETag": self.etag}


class FollowUpPage(PageRead[FollowUpRead]):
    """What the office did about its overlaps, newest first."""


class MediationRead(Read):
    """A pointer to an overlap whose offices did not answer in time; which of them is not told."""

    overlap: StateOverlapRead
    """As the Attorney General sees it in GET /v1/state-overlaps, and no more."""
    asked_at: datetime
    """When the state's mediator was asked to look at it, UTC."""


class MediationPage(PageRead[MediationRead]):
    """Overlaps that wait for the state's mediator, newest first."""
