from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base
from app.pairs.models import Overlap


class HandlingRequest(Base):
    """One office's request that an overlap be handled jointly, and the other's answer."""

    __tablename__ = "handling_requests"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'accepted', 'declined')", name="status"),
        CheckConstraint("proposed_lead IN ('requester', 'counterpart')", name="proposed_lead"),
        CheckConstraint(
            "(status = 'declined') = (decline_reason IS NOT NULL)", name="decline_reason"
        ),
        CheckConstraint("(status = 'pending') = (answered_at IS NULL)", name="answered_at"),
        CheckConstraint("requester_office_id <> responder_office_id", name="two_offices"),
        Index(
            "uq_handling_requests_open",
            "overlap_id",
            unique=True,
            postgresql_where=text("status <> 'declined'"),
        ),
        Index("ix_handling_requests_requester_office_id_id", "requester_office_id", "id"),
        Index("ix_handling_requests_responder_office_id_id", "responder_office_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    overlap_id: Mapped[UUID] = mapped_column(ForeignKey(Overlap.id, ondelete="CASCADE"))
    requester_office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    responder_office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    requested_by: Mapped[str] = mapped_column(server_default="")
    requester_case_id: Mapped[int]
    responder_case_id: Mapped[int]
    proposed_lead: Mapped[str]
    status: Mapped[str]
    decline_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(Integer)
    requested_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class Matter(Base):
    """A jointly handled matter. One column holds its lead: exactly one at any time (I7)."""

    __tablename__ = "matters"
    __table_args__ = (
        CheckConstraint(
            "lead_office_id IN (requester_office_id, responder_office_id)", name="lead"
        ),
    )

    request_id: Mapped[UUID] = mapped_column(
        ForeignKey("handling_requests.id", ondelete="CASCADE"), primary_key=True
    )
    overlap_id: Mapped[UUID] = mapped_column(
        ForeignKey(Overlap.id, ondelete="CASCADE"), unique=True
    )
    requester_office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    responder_office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    lead_office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    began_at: Mapped[datetime]
