from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base
from app.pairs.models import Overlap


class SecondLook(Base):
    """An office is asked to look again at a case that it declined: an overlap is new since."""

    __tablename__ = "second_looks"
    __table_args__ = (
        CheckConstraint("state IN ('asked', 'acknowledged', 'closed')", name="state"),
        CheckConstraint(
            "outcome IN ('reopened', 'consulting', 'declination_stands')", name="outcome"
        ),
        CheckConstraint(
            "(state = 'closed') = (outcome IS NOT NULL)"
            " AND (state = 'closed') = (closed_at IS NOT NULL)",
            name="closed",
        ),
        UniqueConstraint(
            *("overlap_id", "office_id", "stands_since"),
            name="uq_second_looks_once",
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_second_looks_office_id_id", "office_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    overlap_id: Mapped[UUID] = mapped_column(ForeignKey(Overlap.id, ondelete="CASCADE"))
    stands_since: Mapped[datetime | None]
    """Since when the overlap rests on the evidence that it is asked about; None: as at `asked_at`,
    by a release that did not keep it."""
    state: Mapped[str]
    outcome: Mapped[str | None]
    version: Mapped[int] = mapped_column(Integer)
    asked_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
