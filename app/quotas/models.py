from datetime import datetime

from sqlalchemy import CheckConstraint, Double, ForeignKey, Identity, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class QuotaBucket(Base):
    """What one office, or one client credential, had evaluated of one key class lately."""

    __tablename__ = "quota_buckets"

    holder: Mapped[str] = mapped_column(primary_key=True)
    """`office:` or `client:` and the id."""
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
