from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Recount(Base):
    """How far a recount of the overlaps has come, so that it goes on where it was stopped."""

    __tablename__ = "recounts"
    __table_args__ = (
        Index(
            "uq_recounts_unfinished",
            "is_full",
            unique=True,
            postgresql_where=text("finished_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    is_full: Mapped[bool]
    since: Mapped[int]
    """The subjects of transactions from this one on are recounted."""
    until: Mapped[int]
    """The transactions before this one had all ended when it began."""
    next_slice: Mapped[int] = mapped_column(SmallInteger)
    next_overlap: Mapped[UUID | None]
    """Where a full one goes on among the overlaps that stand."""
    differences: Mapped[int]
    """What it found otherwise than posting had left it; must be 0."""
    began_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class RecountPair(Base):
    """Two cases whose overlap a recount has yet to compare with what is stored of them."""

    __tablename__ = "recount_pairs"

    low_case_id: Mapped[int] = mapped_column(
        ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True
    )
    high_case_id: Mapped[int] = mapped_column(
        ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True
    )
