from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class MatterMember(Base):
    """Someone of a party on the team, from when to when. Staff only; nobody else has a field."""

    __tablename__ = "matter_members"
    __table_args__ = (
        CheckConstraint(
            "post IN ('prosecutor', 'supervisor', 'analyst', 'investigator', 'victim_advocate',"
            " 'paralegal')",
            name="post",
        ),
        CheckConstraint("left_on >= joined_on", name="period"),
        Index("ix_matter_members_request_id", "request_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(ForeignKey("matters.request_id"))
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    name: Mapped[str]
    post: Mapped[str]
    joined_on: Mapped[date]
    left_on: Mapped[date | None]
    """Last day on the team."""
    added_by: Mapped[str]
    added_at: Mapped[datetime]


class MatterTask(Base):
    """What a party is to do by when."""

    __tablename__ = "matter_tasks"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('share_evidence', 'interview_plan', 'charging_decision', 'disclosure_review',"
            " 'victim_services', 'filing', 'hearing', 'review', 'other')",
            name="kind",
        ),
        CheckConstraint("(done_at IS NULL) = (done_by IS NULL)", name="done"),
        Index("ix_matter_tasks_request_id", "request_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(ForeignKey("matters.request_id"))
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    """Whose task it is."""
    kind: Mapped[str]
    note: Mapped[str | None]
    due_on: Mapped[date]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    done_by: Mapped[str | None]
    done_at: Mapped[datetime | None]
    former_offices: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")
    """Whose it was before; the database passes what is open to the lead when its office leaves."""
    passed_at: Mapped[list[datetime]] = mapped_column(
        ARRAY(DateTime(timezone=True)), server_default="{}"
    )
    """When each of them ceased to have it, in their order."""


class MatterNote(Base):
    """A short coded note that every party reads, and that may be discoverable; never changed."""

    __tablename__ = "matter_notes"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('decision', 'contact_made', 'evidence_shared', 'filing_made', 'hearing_held',"
            " 'disclosure_made', 'plan_changed')",
            name="kind",
        ),
        CheckConstraint("char_length(text) <= 500", name="text"),
        Index("ix_matter_notes_request_id", "request_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(ForeignKey("matters.request_id"))
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    kind: Mapped[str]
    text: Mapped[str]
    asks_disclosure: Mapped[bool] = mapped_column(server_default=false())
    """Whether each party got a task to see if it has to be disclosed."""
    written_by: Mapped[str]
    written_at: Mapped[datetime]
