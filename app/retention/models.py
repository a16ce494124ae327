from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class PurgedCase(Base):
    """The tombstone of a case: that there was one, whose, and when it went; nothing of it."""

    __tablename__ = "purged_cases"
    __table_args__ = (CheckConstraint("reason IN ('withdrawn', 'review_passed')", name="reason"),)

    case_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """The key by which audit entries name the case; it leads to no row any more."""
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    reason: Mapped[str]
    purged_at: Mapped[datetime]


class StuckCase(Base):
    """A case that a nightly step failed at: the step goes on with the others."""

    __tablename__ = "stuck_cases"

    case_id: Mapped[int] = mapped_column(
        ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True
    )
    attempts: Mapped[int] = mapped_column(SmallInteger)
    error: Mapped[str]
    """The code of a problem, or the kind of the exception; never its text."""
    tried_at: Mapped[datetime]
