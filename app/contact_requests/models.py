from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base
from app.pairs.models import Overlap


class ContactRequest(Base):
    """One office asks whom to call at the other side of an overlap, and what that side said."""

    __tablename__ = "contact_requests"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'accepted', 'declined', 'withdrawn', 'expired')", name="status"
        ),
        CheckConstraint(
            "(status = 'declined') = (decline_reason IS NOT NULL)", name="decline_reason"
        ),
        CheckConstraint(
            "decline_reason IN ('investigation_at_risk', 'not_the_same_subject', 'matter_closed',"
            " 'conflict_of_interest', 'later')",
            name="coded_reason",
        ),
        CheckConstraint("reason IN ('same_subject', 'act_ahead', 'joint_handling')", name="reason"),
        CheckConstraint("(status = 'pending') = (ended_at IS NULL)", name="ended_at"),
        CheckConstraint("requested_at < expires_at", name="expires_at"),
        CheckConstraint("requester_office_id <> responder_office_id", name="two_offices"),
        Index(
            "uq_contact_requests_open",
            "overlap_id",
            "requester_office_id",
            unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_contact_requests_requester_office_id_id", "requester_office_id", "id"),
        Index("ix_contact_requests_responder_office_id_id", "responder_office_id", "id"),
        Index(
            "ix_contact_requests_pending",
            "expires_at",
            postgresql_where=text("status = 'pending'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    overlap_id: Mapped[UUID] = mapped_column(ForeignKey(Overlap.id, ondelete="CASCADE"))
    requester_office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    responder_office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    requester_case_id: Mapped[int]
    responder_case_id: Mapped[int]
    reason: Mapped[str]
    status: Mapped[str]
    decline_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(Integer)
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
