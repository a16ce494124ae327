from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class GlassBreak(Base):
    """One person read another office's case in an emergency: the notice to its owner, for review.

    It stays when the case goes.
    """

    __tablename__ = "glass_breaks"
    __table_args__ = (
        CheckConstraint("char_length(reason) >= 20", name="reason"),
        CheckConstraint("expires_at <= broken_at + interval '60 minutes'", name="time_box"),
        CheckConstraint("review_due_at = broken_at + interval '72 hours'", name="review_due_at"),
        CheckConstraint("finding IN ('justified', 'not_justified')", name="finding"),
        CheckConstraint("(reviewed_at IS NULL) = (reviewed_by IS NULL)", name="reviewed"),
        CheckConstraint("(reviewed_at IS NULL) = (finding IS NULL)", name="found"),
        CheckConstraint("reviewed_by <> broken_by", name="two_persons"),
        CheckConstraint("alarmed_at >= review_due_at", name="alarmed_at"),
        Index("ix_glass_breaks_owner_office_id_id", "owner_office_id", "id"),
        Index("ix_glass_breaks_office_id_id", "office_id", "id"),
        Index(
            "ix_glass_breaks_unreviewed",
            "review_due_at",
            postgresql_where=text("reviewed_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    owner_office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    owner_case_id: Mapped[int]
    office_case_id: Mapped[int | None]
    """The reader's own case in the overlap; none of what was read before this was noted."""
    overlap_id: Mapped[UUID]
    broken_by: Mapped[str]
    reason: Mapped[str]
    broken_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    review_due_at: Mapped[datetime]
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[str | None]
    finding: Mapped[str | None]
    alarmed_at: Mapped[datetime | None]
    """When both offices were told that no review was closed in time."""
