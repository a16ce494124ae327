from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class SavedView(Base):
    """A name that somebody gave to filters of the queue."""

    __tablename__ = "saved_views"
    __table_args__ = (
        CheckConstraint("char_length(name) BETWEEN 1 AND 40", name="name"),
        CheckConstraint("char_length(filters) <= 300", name="filters"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    filters: Mapped[str]
    """As the page of the queue takes them in its address."""
    saved_at: Mapped[datetime]


class QueueVisit(Base):
    """When somebody last looked at the queue, and when in the sign-in before this one."""

    __tablename__ = "queue_visits"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    sign_in_began_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    before_at: Mapped[datetime | None]
    """The last look of an earlier sign-in; None: there was none."""
