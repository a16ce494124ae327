from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Correction(Base):
    """A request that the office review one of its entries, and what came of it."""

    __tablename__ = "corrections"
    __table_args__ = (
        CheckConstraint(
            "asked_for IN ('counsel', 'person', 'own_office', 'other_office')", name="asked_for"
        ),
        CheckConstraint(
            "ground IN ('not_the_person', 'not_suspected', 'juvenile', 'wrong_data', 'sealed',"
            " 'out_of_date')",
            name="ground",
        ),
        CheckConstraint("outcome IN ('stands', 'changed', 'withdrawn')", name="outcome"),
        CheckConstraint(
            "(outcome IS NULL) = (settled_at IS NULL) AND (outcome IS NULL) = (settled_by IS NULL)",
            name="settled",
        ),
        CheckConstraint("settled_by <> asked_by", name="two_persons"),
        Index("ix_corrections_case_id", "case_id"),
        Index("ix_corrections_due_on", "due_on", "id", postgresql_where=text("outcome IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    asked_for: Mapped[str]
    ground: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    due_on: Mapped[date]
    outcome: Mapped[str | None]
    settled_by: Mapped[str | None]
    settled_at: Mapped[datetime | None]
