from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Proposal(Base):
    """What one operator wants done and another must approve, exactly as it is written here."""

    __tablename__ = "proposals"
    __table_args__ = (
        CheckConstraint("approved_by <> proposed_by", name="two_persons"),
        CheckConstraint("(approved_at IS NULL) = (approved_by IS NULL)", name="approved"),
        CheckConstraint("expires_at <= proposed_at + interval '24 hours'", name="time_box"),
        CheckConstraint("approved_at < expires_at", name="in_time"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    change: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """A `Change` of schemas.py."""
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
