from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class NoticeSetting(Base):
    """What one person is told and how, and how far it has read; no row means the beginning."""

    __tablename__ = "notice_settings"
    __table_args__ = (
        CheckConstraint("mail IN ('none', 'at_once', 'daily', 'weekly')", name="mail"),
        CheckConstraint("mail = 'none' OR address IS NOT NULL", name="address"),
        Index("ix_notice_settings_office_id", "office_id"),
        Index(
            "ix_notice_settings_mail_due_at",
            "mail_due_at",
            postgresql_where=text("mail <> 'none'"),
        ),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    muted: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Types of events of which it is told nothing."""
    read_written_in: Mapped[int]
    """With `read_number` the place in the feed up to which everything counts as read."""
    read_number: Mapped[int]
    mail: Mapped[str]
    address: Mapped[str | None]
    mail_written_in: Mapped[int]
    """Of what earlier transactions wrote mail was sent, or was not worth sending."""
    mail_due_at: Mapped[datetime]
    """Before then no further mail."""


class NoticeRead(Base):
    """That a person has read one event after the place up to which it has read all."""

    __tablename__ = "notice_reads"
    __table_args__ = (Index("ix_notice_reads_event_number", "event_number"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    event_number: Mapped[int] = mapped_column(
        ForeignKey("events.number", ondelete="CASCADE"), primary_key=True
    )
