from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base
from app.pairs.models import Overlap


class FollowUp(Base):
    """What one office did about an overlap; an overlap without a row is new to the office."""

    __tablename__ = "follow_ups"
    __table_args__ = (
        CheckConstraint(
            "resolution IN ('handled_jointly', 'handled_separately', 'other_office_handles',"
            " 'not_a_match')",
            name="resolution",
        ),
        CheckConstraint(
            "(resolved_at IS NULL) = (resolution IS NULL)"
            " AND (resolved_at IS NULL) = (resolved_evidence IS NULL)",
            name="resolved",
        ),
    )

    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"), primary_key=True)
    overlap_id: Mapped[UUID] = mapped_column(
        ForeignKey(Overlap.id, ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(Integer)
    round: Mapped[int] = mapped_column(Integer)
    """1 at first, one more each time that new evidence opened what was resolved."""
    acknowledged_at: Mapped[datetime | None]
    contacted_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[str | None]
    resolved_evidence: Mapped[list[str] | None] = mapped_column(ARRAY(String))
    """The evidence that it was resolved on; on other evidence it is new again."""


class Assignment(Base):
    """Who of an office sees to an overlap; the other office never learns who."""

    __tablename__ = "assignments"
    __table_args__ = (Index("ix_assignments_person_id", "person_id"),)

    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"), primary_key=True)
    overlap_id: Mapped[UUID] = mapped_column(
        ForeignKey(Overlap.id, ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    assigned_at: Mapped[datetime]
    assigned_by: Mapped[str]


class DisclosureFlag(Base):
    """That an overlap may have to be disclosed, as its office was told once; no other reads it."""

    __tablename__ = "disclosure_flags"
    __table_args__ = (Index("ix_disclosure_flags_overlap_id", "overlap_id"),)

    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"), primary_key=True)
    overlap_id: Mapped[UUID] = mapped_column(
        ForeignKey(Overlap.id, ondelete="CASCADE"), primary_key=True
    )
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]


class Reminder(Base):
    """An office is late with a step, and who of it is to be told; kept, once for each due date."""

    __tablename__ = "reminders"
    __table_args__ = (
        CheckConstraint("step IN ('acknowledge', 'judge', 'agree')", name="step"),
        CheckConstraint("level IN ('reminder', 'backup', 'mediator')", name="level"),
        UniqueConstraint(
            *("office_id", "overlap_id", "round", "step", "level", "due_on"),
            name="uq_reminders_once",
        ),
        Index(
            "ix_reminders_backup",
            "office_id",
            "made_at",
            postgresql_where=text("level = 'backup'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    overlap_id: Mapped[UUID] = mapped_column(ForeignKey(Overlap.id, ondelete="CASCADE"))
    round: Mapped[int] = mapped_column(Integer)
    step: Mapped[str]
    level: Mapped[str]
    due_on: Mapped[date]
    made_at: Mapped[datetime]


class Mediation(Base):
    """An overlap that its state's mediator is asked to look at; which side is late is not told."""

    __tablename__ = "mediations"
    __table_args__ = (
        Index("ix_mediations_mediator_office_id", "mediator_office_id", "overlap_id"),
    )

    overlap_id: Mapped[UUID] = mapped_column(
        ForeignKey(Overlap.id, ondelete="CASCADE"), primary_key=True
    )
    mediator_office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    asked_at: Mapped[datetime]
