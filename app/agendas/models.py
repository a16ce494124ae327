from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Committee(Base):
    """Offices of one state that meet each month; an office sits in one at most."""

    __tablename__ = "committees"
    __table_args__ = (
        CheckConstraint("state ~ '^[A-Z]{2}$'", name="state"),
        UniqueConstraint("state", "name", name="uq_committees_name"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    state: Mapped[str]
    name: Mapped[str]


class CommitteeOffice(Base):
    """An office in its committee: one, so that no two sheets can be subtracted."""

    __tablename__ = "committee_offices"
    __table_args__ = (Index("ix_committee_offices_committee_id", "committee_id"),)

    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"), primary_key=True)
    committee_id: Mapped[int] = mapped_column(ForeignKey("committees.id", ondelete="CASCADE"))


class Agenda(Base):
    """What one meeting is to talk about, in numbers that all of its offices may see."""

    __tablename__ = "agendas"
    __table_args__ = (CheckConstraint("jsonb_typeof(counts) = 'object'", name="counts"),)

    state: Mapped[str] = mapped_column(primary_key=True)
    committee_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """0 for the meeting of the whole state."""
    made_on: Mapped[date]
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """By topic, in steps of five, null where there are some; of too few offices no topic."""
