from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class InfusionDesk(Base):
    """A topic on which a specialist unit of an office gives advice to other offices."""

    __tablename__ = "infusion_desks"

    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"), primary_key=True)
    topic: Mapped[str] = mapped_column(primary_key=True)
    offered_at: Mapped[datetime]


class InfusionQuestion(Base):
    """One office's question to the desk of another, about no case that anybody could find."""

    __tablename__ = "infusion_questions"
    __table_args__ = (
        CheckConstraint(
            "status IN ('open', 'taken', 'answered', 'used', 'not_used', 'withdrawn', 'expired')",
            name="status",
        ),
        CheckConstraint("office_id <> desk_office_id", name="two_offices"),
        CheckConstraint(
            "(taken_at IS NULL) = (taken_by IS NULL)"
            " AND (taken_at IS NOT NULL OR status <> 'taken')",
            name="taken",
        ),
        CheckConstraint(
            "(answer IS NOT NULL) = (status IN ('answered', 'used', 'not_used'))"
            " AND num_nulls(answer, answered_by, answered_at) IN (0, 3)",
            name="answered",
        ),
        CheckConstraint(
            "(use_code IS NOT NULL) = (status IN ('used', 'not_used'))",
            name="used",
        ),
        CheckConstraint(
            "(settled_at IS NOT NULL) = (status IN ('used', 'not_used', 'withdrawn', 'expired'))",
            name="settled",
        ),
        Index("ix_infusion_questions_office_id_id", "office_id", "id"),
        Index("ix_infusion_questions_desk_office_id_id", "desk_office_id", "id"),
        Index(
            "ix_infusion_questions_expires_at",
            "expires_at",
            postgresql_where=text("status IN ('open', 'taken')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    """Who asks."""
    desk_office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    topic: Mapped[str]
    trafficking_type: Mapped[str]
    industry: Mapped[str | None]
    origin: Mapped[str | None]
    stage: Mapped[str | None]
    question: Mapped[str]
    status: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    taken_by: Mapped[str | None]
    taken_at: Mapped[datetime | None]
    answer: Mapped[str | None]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    use_code: Mapped[str | None]
    """What the answer was used for, or why it was not."""
    settled_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer)
