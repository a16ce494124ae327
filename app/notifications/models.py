from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import TRANSACTION, Base


class Event(Base):
    """That something of an office's changed; what is for the office to read, if it may."""

    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(overlap_id, case_id, request_id, question_id) = 1"
            " OR num_nonnulls(overlap_id, case_id, request_id, question_id) = 0"
            " AND split_part(type, '.', 1)"
            " IN ('participation', 'commitment', 'handling', 'credential', 'alarm', 'mediation')",
            name="about",
        ),
        Index("ix_events_office_id_written_in_number", "office_id", "written_in", "number"),
        Index("ix_events_overlap_id", "overlap_id"),
        Index("ix_events_case_id", "case_id", postgresql_where=text("case_id IS NOT NULL")),
        Index(
            "ix_events_request_id", "request_id", postgresql_where=text("request_id IS NOT NULL")
        ),
        Index(
            "ix_events_question_id", "question_id", postgresql_where=text("question_id IS NOT NULL")
        ),
        Index("ix_events_at", "at"),
    )

    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    written_in: Mapped[int] = mapped_column(server_default=text(TRANSACTION))
    """The transaction: feeds are read in this order, up to the horizon (core/models.py)."""
    key: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    """What the event is called outside; the same however often it is read."""
    office_id: Mapped[int]
    type: Mapped[str]
    overlap_id: Mapped[UUID | None] = mapped_column(ForeignKey("overlaps.id", ondelete="CASCADE"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    """The office's own case."""
    request_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("handling_requests.id", ondelete="CASCADE")
    )
    """A request for joint handling, or the matter that came of it."""
    question_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("infusion_questions.id", ondelete="CASCADE")
    )
    """A question that the office asked or its desk received."""
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
