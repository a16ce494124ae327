from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Run(Base):
    """One nightly run; what people see of it."""

    __tablename__ = "runs"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'succeeded', 'failed', 'interrupted')", name="state"),
        CheckConstraint("(state = 'running') = (finished_at IS NULL)", name="finished_at"),
        Index("uq_runs_running", "state", unique=True, postgresql_where=text("state = 'running'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[int | None] = mapped_column(ForeignKey("offices.id"))
    """For which office alone; None for all."""
    state: Mapped[str]
    is_dry: Mapped[bool]
    is_whole: Mapped[bool] = mapped_column(server_default=text("true"))
    """Whether it was to take every step; else no night was done by it."""
    as_of: Mapped[datetime]
    """The `now` of every step."""
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    """Of an interrupted one, when the next began."""


class RunStep(Base):
    """One step of a run, written after each batch."""

    __tablename__ = "run_steps"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'succeeded', 'failed', 'left_out')", name="state"),
        CheckConstraint("(state = 'failed') = (error IS NOT NULL)", name="error"),
        CheckConstraint("(state = 'left_out') = (reason IS NOT NULL)", name="reason"),
    )

    run_id: Mapped[UUID] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    step: Mapped[str]
    state: Mapped[str]
    count: Mapped[int]
    """Items handled."""
    is_more: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether a dry run had no time to count all."""
    milliseconds: Mapped[int]
    error: Mapped[str | None]
    """The code of a problem, or the kind of the exception; never its text."""
    reason: Mapped[str | None]
    """Why a run for one office left it out."""


class RunOffice(Base):
    """How many of a step's effects concerned an office: those that the audit has of it."""

    __tablename__ = "run_offices"
    __table_args__ = (
        ForeignKeyConstraint(
            ["run_id", "position"], ["run_steps.run_id", "run_steps.position"], ondelete="CASCADE"
        ),
    )

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"), primary_key=True)
    count: Mapped[int]
