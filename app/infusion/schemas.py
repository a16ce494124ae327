from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from app.cases.fact_schemas import Industry, Origin, Stage
from app.cases.vocabulary import TraffickingType
from app.core.plain_text import Plain
from app.core.schemas import PageRead, Read, Sent, Version
from app.infusion.states import Side, Status
from app.offices.schemas import OfficeCode
from app.reference.words import TOPICS

NOTICE: Final = "may be discoverable"
"""What is said of every question and answer: notes between offices are no work product by rule."""

QuestionId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names a question to both offices; opaque.",
        examples=["inf_0198a3c1d2e47f508192a3b4c5d6e7f8"],
    ),
]
Topic = Annotated[
    Literal[TOPICS],  # type: ignore[valid-type]  # mypy cannot read the table
    Field(description="What the advice is on."),
]
Told = Annotated[str, StringConstraints(min_length=10, max_length=1000), Plain]
Answered = Annotated[str, StringConstraints(min_length=10, max_length=4000), Plain]


class DeskPut(Sent):
    """The topics on which the office gives advice; they replace those before."""

    topics: Annotated[tuple[Topic, ...], Field(max_length=len(TOPICS))]
    """Each once; none closes the desk. Questions that were asked stay."""


class DeskRead(Read):
    """An office's desk and whom to call there."""

    office: str
    """Code of the office."""
    name: str
    """What it is called."""
    state: str
    """Two letters."""
    title: str
    """Post of its contact."""
    phone: str
    """Number of that post."""
    email: str
    """Address of that post."""
    topics: tuple[str, ...]
    """What it gives advice on; empty if it has no desk."""


class DeskPage(PageRead[DeskRead]):
    """Offices that give advice, in no order that means anything."""


class QuestionAsk(Sent):
    """A question on a matter that is told in coded words only."""

    desk: OfficeCode
    """Code of the office that is asked."""
    topic: Topic
    trafficking_type: TraffickingType
    industry: Industry | None = None
    """Where people are exploited; null if it says too much or is not known."""
    origin: Origin | None = None
    """What brought the matter to the office; null if it says too much."""
    stage: Stage | None = None
    """Where the matter is; null if it says too much."""
    question: Told
    """Without names, numbers, places or dates of the matter; refused if it holds an identifier."""


class QuestionStep(Sent):
    """The wish to take or withdraw a question; it takes no words."""


class QuestionAnswer(Sent):
    """What the desk advises; it is final."""

    answer: Answered
    """In general terms; it may be discoverable. Refused if it holds an identifier."""


class QuestionUsed(Sent):
    """The answer was used."""

    use: Literal["used"]
    """Says that it was used."""
    code: Literal["screening", "investigation", "charging", "negotiation", "trial", "support"]
    """What for; `support` is how people who were harmed are treated."""


class QuestionNotUsed(Sent):
    """The answer was not used."""

    use: Literal["not_used"]
    """Says that it was not used."""
    code: Literal["too_late", "not_applicable", "known_already", "other_advice", "no_means"]
    """Why it was not used."""


QuestionUse = Annotated[QuestionUsed | QuestionNotUsed, Field(discriminator="use")]


class QuestionRead(Read):
    """A question and its answer, as one of its two offices sees it."""

    id: QuestionId
    version: Version
    direction: Side
    """Whether the reader's office asked, or its desk received it."""
    office: str
    """Code of the office that asks."""
    desk: str
    """Code of the office that is asked."""
    status: Status
    """`taken`: someone of the desk is at it. `used` and `not_used` are said by who asked."""
    topic: str
    """What it is about."""
    trafficking_type: str
    """Sex, labor, both or undetermined."""
    industry: str | None
    """Where people are exploited; null if not given."""
    origin: str | None
    """What brought the matter to the office; null if not given."""
    stage: str | None
    """Where the matter is; null if not given."""
    question: str
    """The question as it was asked."""
    answer: str | None
    """The answer as it was given; null before."""
    notice: Literal["may be discoverable"] = NOTICE
    """Said of question and answer alike."""
    use_code: str | None
    """What the answer was used for, or why it was not; null before that is said."""
    asked_at: datetime
    """When it was asked, UTC."""
    expires_at: datetime
    """When it expires unless it is answered, UTC."""
    taken_at: datetime | None
    """When the desk took it, UTC; null if it did not."""
    answered_at: datetime | None
    """When it was answered, UTC; null before."""
    settled_at: datetime | None
    """When its use was said, or it was withdrawn or expired, UTC; null before."""

    def response_headers(self) -> Mapping[str, str]:
        """Return the address of the question."""
        return {"Location": f"/v1/infusion-questions/{self.id}"}


class QuestionPage(PageRead[QuestionRead]):
    """Questions that the office asked or received, newest first."""


class TopicFigures(Read):
    """How questions on one topic went, of those that the office asked or received."""

    topic: str
    """What they were about."""
    direction: Side
    """Whether the office asked them, or its desk received them."""
    questions: int
    """How many there were."""
    answered: int
    """How many of them were answered."""
    hours_to_answer: float | None
    """Median from asked to answered, in hours; null without an answer."""
    used: int
    """Answers that were used."""
    not_used: int
    """Answers that were not."""


class FiguresRead(Read):
    """What came of the office's questions and its desk's answers; no other office's are told."""

    topics: tuple[TopicFigures, ...]
    """By direction and topic; those without a question are left out."""
