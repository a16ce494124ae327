from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Mail(Base):
    """A mail that says that something waits: the outbox, without the address."""

    __tablename__ = "mails"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'delivered', 'dead', 'withheld')", name="state"),
        Index(
            "uq_mails_person_id",
            "person_id",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "uq_mails_backup",
            "office_id",
            unique=True,
            postgresql_where=text("state = 'waiting' AND person_id IS NULL"),
        ),
        Index(
            "ix_mails_backup",
            "office_id",
            "due_at",
            postgresql_where=text("person_id IS NULL"),
        ),
        Index(
            "ix_mails_office_id_due_at",
            "office_id",
            "due_at",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_mails_due_at", "due_at", postgresql_where=text("state <> 'waiting'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    """To whom; None: to the office's backup contact, who may have no account."""
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    due_at: Mapped[datetime]
    """When it is tried next, or was settled."""
    claimed_until: Mapped[datetime | None]
    error: Mapped[str | None]
    """A code of ours, or the number that the mail server answered."""
    alarmed_at: Mapped[datetime | None]
