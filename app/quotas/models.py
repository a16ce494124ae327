from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class QuotaBucket(Base):
    """What an office, or one client or person of it, had evaluated of one key class lately."""

    __tablename__ = "quota_buckets"

    holder: Mapped[str] = mapped_column(primary_key=True)
    """`office:`, `client:` or `person:` and the id."""
    key_class: Mapped[str] = mapped_column(primary_key=True)
    spent: Mapped[float] = mapped_column(Double)
    """Elements at `counted_at`; it sinks by a day's allowance in a day."""
    counted_at: Mapped[datetime]
    period_spent: Mapped[int]
    """Elements since `period_began_at`; it starts again after 30 days."""
    period_began_at: Mapped[datetime]


class ImportAllowance(Base):
    """Elements of one class that the operator lets an office have besides, for a backlog."""

    __tablename__ = "import_allowances"
    __table_args__ = (
        CheckConstraint("spent BETWEEN 0 AND elements", name="spent"),
        CheckConstraint("opened_at < ends_at", name="period"),
        CheckConstraint("ends_at <= opened_at + interval '92 days'", name="bounded"),
        Index("ix_import_allowances_office_id_key_class", "office_id", "key_class"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    key_class: Mapped[str]
    elements: Mapped[int] = mapped_column(Integer)
    spent: Mapped[int] = mapped_column(Integer)
    opened_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class AnnouncedCase(Base):
    """A number that a permit named for a case to come; nobody checks it but by whether it comes."""

    __tablename__ = "announced_cases"
    __table_args__ = (Index("ix_announced_cases_announced_at", "announced_at"),)

    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"), primary_key=True)
    source_system: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    announced_at: Mapped[datetime]
    """By the first permit; it is forgotten after 30 days, and when the case is purged."""


class PermittedBatch(Base):
    """A batch that an office got a permit for lately: another permit for it costs nothing."""

    __tablename__ = "permitted_batches"
    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="digest"),
        Index("ix_permitted_batches_office_id_permitted_at", "office_id", "permitted_at"),
    )

    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """Of blinded elements, which are random."""
    counts: Mapped[dict[str, int]] = mapped_column(JSONB)
    """What was debited for it, by key class."""
    permitted_at: Mapped[datetime]
