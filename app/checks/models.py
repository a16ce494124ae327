from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Check(Base):
    """Someone asked, before an act in a case, what overlaps it has, and was shown this."""

    __tablename__ = "checks"
    __table_args__ = (
        CheckConstraint("act IN ('plea', 'declination', 'charge', 'operation')", name="act"),
        CheckConstraint(
            "blind_because IN ('not_participating', 'held', 'not_matched_yet')",
            name="blind_because",
        ),
        Index("ix_checks_case_id_id", "case_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    act: Mapped[str]
    checked_at: Mapped[datetime]
    checked_by: Mapped[str]
    blind_because: Mapped[str | None]
    """Why no overlap could be shown, whatever there was; None where they could."""
    shown: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """Of each overlap that was shown: its id, version, rung, band and what was advised."""
