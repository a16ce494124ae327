from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Webhook(Base):
    """An address of an office that is told of its events, once a second person approved it."""

    __tablename__ = "webhooks"
    __table_args__ = (
        CheckConstraint("state IN ('proposed', 'active', 'paused')", name="state"),
        CheckConstraint("approved_by <> added_by", name="two_persons"),
        CheckConstraint(
            "num_nulls(approved_by, approved_at) IN (0, 2)"
            " AND (approved_at IS NULL) = (state = 'proposed')",
            name="approved",
        ),
        CheckConstraint(
            "(paused_for IS NOT NULL) = (state = 'paused')"
            " AND paused_for IN ('administrator', 'failing')",
            name="paused",
        ),
        CheckConstraint(
            "num_nulls(old_secret_sealed, old_secret_until) IN (0, 2)", name="old_secret"
        ),
        Index("uq_webhooks_office_id_url", "office_id", "url", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    url: Mapped[str]
    """What was approved; it never changes."""
    state: Mapped[str]
    paused_for: Mapped[str | None]
    added_by: Mapped[str]
    added_at: Mapped[datetime]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    secret_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    old_secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Signs too, until the receiver has the new one."""
    old_secret_until: Mapped[datetime | None]
    written_in: Mapped[int]
    """With `number` the place in the feed up to which deliveries were made."""
    number: Mapped[int]


class WebhookDelivery(Base):
    """One event for one webhook: the outbox, and for a time the record of what became of it."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'delivered', 'dead', 'withheld')", name="state"),
        Index(
            "uq_webhook_deliveries_event_number_webhook_id",
            "event_number",
            "webhook_id",
            unique=True,
        ),
        Index("ix_webhook_deliveries_webhook_id_id", "webhook_id", "id"),
        Index(
            "ix_webhook_deliveries_webhook_id_due_at",
            "webhook_id",
            "due_at",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_webhook_deliveries_due_at", "due_at", postgresql_where=text("state <> 'waiting'")
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event_number: Mapped[int | None] = mapped_column(
        ForeignKey("events.number", ondelete="CASCADE")
    )
    """Null for a test."""
    key: Mapped[UUID]
    """The event's, or a test's own: what the message is called each time that it is sent."""
    type: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    """Counted before it is sent: who never comes back to say how it went has had one too."""
    due_at: Mapped[datetime]
    """When it is tried next, or was settled."""
    claimed_until: Mapped[datetime | None]
    """Until then one worker has it."""
    tried_at: Mapped[datetime | None]
    status: Mapped[int | None] = mapped_column(SmallInteger)
    """What the receiver answered last; null where it did not."""
    error: Mapped[str | None]
    """A code of ours; never a word of the receiver's."""
    alarmed_at: Mapped[datetime | None]
