from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.cases.overlap_schemas import CaseRef
from app.core.schemas import PageRead, Read

EventType = Literal[
    "overlap.found",
    "overlap.changed",
    "overlap.updated",
    "overlap.retracted",
    "overlap.disclosure_asked",
    "overlap.second_look",
    "overlap.overdue",
    "overlap.escalated",
    "mediation.asked",
    "case.expired",
    "handling.requested",
    "handling.updated",
    "handling.ended",
    "matter.lead_offered",
    "matter.lead_passed",
    "matter.review_due",
    "matter.task_given",
    "case.lapsing",
    "grant.lapsing",
    "grant.lapsed",
    "participation.lapsing",
    "participation.lapsed",
    "commitment.lapsing",
    "commitment.lapsed",
    "handling.lapsing",
    "handling.lapsed",
    "credential.lapsing",
    "credential.lapsed",
    "contact.requested",
    "contact.answered",
    "contact.ended",
    "advice.asked",
    "advice.answered",
    "advice.updated",
    "alarm.raised",
]


class EventRead(Read):
    """That something changed: what it is now is read by its id, with the right to do so."""

    id: str
    """Opaque; the same each time that the event is read."""
    type: EventType
    """`overlap.found`, also when one that was retracted holds again; `overlap.changed`: other
    evidence; `overlap.updated`: anything else, such as a verdict of either side, or that the other
    side shows more or less of it: one that you do not know yet is shown from now on;
    `overlap.retracted`; `overlap.disclosure_asked`: somebody of the own office says that it may
    have to be disclosed; `overlap.second_look`: it is of a case that the own office declined, which
    is asked to look again; `overlap.overdue`: the own office's next step is late;
    `overlap.escalated`: it still is, and the office's backup, or by now the mediator, is to see to
    it; `mediation.asked`: one waits for the office as its state's mediator, with
    `GET /v1/mediations`; `case.expired`: the review date of an own case passed, so it matches no
    more; `case.lapsing`: it passes in 30 or 7 days. The others tell the same of a grant that the
    office gave or got, its agreement of participation, a commitment of its leadership, an
    agreement of joint handling and a machine client of its own (`credential`): `lapsing` 30 and 7
    days before the end, `lapsed` when it has come, unless another took its place.
    `handling.requested`: the office is asked, or asked to join; `handling.updated`: any step since,
    by whichever party or the clock; `handling.ended`; `matter.lead_offered`, `matter.lead_passed`;
    `matter.review_due`: by the terms, the parties review it now; `matter.task_given`: the office
    has one more task in it. `contact.requested`: the other side of an overlap asks whom to call;
    `contact.answered`: it said so or declined; `contact.ended`: withdrawn, or nobody answered in
    time. `advice.asked`: the office's desk is asked; `advice.answered`; `advice.updated`: any other
    step of a question.
    `alarm.raised`: `GET /v1/alarms` has a new one; only those are told who may read it, machine
    clients never."""
    at: datetime
    """When it happened, UTC."""
    overlap_id: str | None
    """The overlap that it is about; null where it is about something else."""
    case: CaseRef | None
    """The office's own case that it is about; null where it is about something else."""
    request_id: str | None = None
    """The request that it is about, also of a matter that came of it; or null."""
    question_id: str | None = None
    """The question for advice that it is about; or null."""


class EventPage(PageRead[EventRead]):
    """Events, oldest first."""

    resume_cursor: Annotated[
        str,
        Field(description="To be sent as `cursor` later, within 90 days, for what came since."),
    ]
