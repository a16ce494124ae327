from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    SmallInteger,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Matter(Base):
    """A jointly handled matter under a signed agreement; keyed by the request that it came of.

    One column holds its lead: exactly one at any time (I7), and always a party.
    """

    __tablename__ = "matters"
    __table_args__ = (
        ForeignKeyConstraint(
            ["request_id", "lead_office_id"],
            ["handling_parties.request_id", "handling_parties.office_id"],
            name="fk_matters_lead",
        ),
        CheckConstraint("ends_on > agreed_on AND ends_on <= agreed_on + 730", name="ends_on"),
        CheckConstraint("began_on <= agreed_on", name="agreed_on"),
    )

    request_id: Mapped[UUID] = mapped_column(ForeignKey("handling_requests.id"), primary_key=True)
    lead_office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    began_on: Mapped[date]
    agreed_on: Mapped[date]
    """When all last signed: at the beginning, or at the last extension."""
    ends_on: Mapped[date]
    """First day on which it no longer holds."""
    ended_at: Mapped[datetime | None]


class MatterLead(Base):
    """A lead that was offered to an office, and since when it has it; none is ever deleted."""

    __tablename__ = "matter_leads"
    __table_args__ = (
        CheckConstraint("office_id <> from_office_id", name="two_offices"),
        CheckConstraint("(accepted_at IS NULL) = (accepted_by IS NULL)", name="accepted"),
        CheckConstraint("accepted_at IS NULL OR withdrawn_at IS NULL", name="one_end"),
        Index(
            "uq_matter_leads_offered",
            "request_id",
            unique=True,
            postgresql_where=text("accepted_at IS NULL AND withdrawn_at IS NULL"),
        ),
        Index("uq_matter_leads_accepted", "request_id", "accepted_at", unique=True),
        Index(
            "uq_matter_leads_first",
            "request_id",
            unique=True,
            postgresql_where=text("from_office_id IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(ForeignKey("matters.request_id"))
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    from_office_id: Mapped[int | None] = mapped_column(ForeignKey("offices.id"))
    """None for the lead that the agreement named."""
    offered_by: Mapped[str]
    offered_at: Mapped[datetime]
    accepted_by: Mapped[str | None]
    accepted_at: Mapped[datetime | None]
    """When it took effect: the one before led until then."""
    withdrawn_at: Mapped[datetime | None]


class OriginEntry(Base):
    """What came to an office from the registry, when and from whom (the lead-origin ledger).

    Nobody can write or delete one: triggers add what follows of a step, in its transaction. It
    outlives what it names: the case that a lead came from is purged, that it came is not.
    """

    __tablename__ = "origin_entries"
    __table_args__ = (
        CheckConstraint(
            "what IN ('contact', 'summary', 'record', 'request', 'answer', 'agreement', 'lead',"
            " 'end')",
            name="what",
        ),
        Index("ix_origin_entries_office_id_id", "office_id", "id"),
        Index("ix_origin_entries_overlap_id", "overlap_id"),
        Index("ix_origin_entries_request_id", "request_id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    """To whom it came."""
    from_office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    what: Mapped[str]
    rung: Mapped[int | None] = mapped_column(SmallInteger)
    overlap_id: Mapped[UUID | None]
    request_id: Mapped[UUID | None]
    at: Mapped[datetime]
