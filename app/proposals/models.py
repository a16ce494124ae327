from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Proposal(Base):
    """What one person wants done and another must approve, exactly as it is written here."""

    __tablename__ = "proposals"
    __table_args__ = (
        CheckConstraint("approved_by <> proposed_by", name="two_persons"),
        CheckConstraint("(approved_at IS NULL) = (approved_by IS NULL)", name="approved"),
        CheckConstraint(
            "expires_at <= proposed_at"
            " + CASE WHEN office_id IS NULL THEN interval '24 hours' ELSE interval '72 hours' END",
            name="time_box",
        ),
        CheckConstraint("approved_at < expires_at", name="in_time"),
        Index("ix_proposals_office_id", "office_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[int | None] = mapped_column(ForeignKey("offices.id"))
    """Whose person proposed it, for its own office; null: an operator did."""
    change: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """A `Change` of schemas.py."""
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
