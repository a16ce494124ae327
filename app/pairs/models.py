from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Overlap(Base):
    """The pair of cases of two offices that share evidence; one row per pair (I8)."""

    __tablename__ = "overlaps"
    __table_args__ = (
        CheckConstraint("low_case_id < high_case_id", name="ordered"),
        CheckConstraint("band IN ('strong', 'probable', 'possible', 'shared_only')", name="band"),
        CheckConstraint(
            "retract_reason IN ('evidence_gone', 'case_withdrawn')", name="retract_reason"
        ),
        Index("uq_overlaps_cases", "low_case_id", "high_case_id", unique=True),
        Index("ix_overlaps_high_case_id", "high_case_id"),
        Index("ix_overlaps_state_id", "state", "id", postgresql_where=text("state IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    low_case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    high_case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    band: Mapped[str]
    strength: Mapped[int] = mapped_column(Integer)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """The one stored explanation; `subjects` in it is [low case's ref, high case's ref]."""
    evidence: Mapped[list[str]] = mapped_column(ARRAY(String))
    """Which kinds agree, sorted, each as often as it does; a verdict holds for these (I10)."""
    version: Mapped[int] = mapped_column(Integer)
    found_at: Mapped[datetime]
    renewed_at: Mapped[datetime | None]
    """Since when it rests on other evidence than before, or holds again; None: as it was found."""
    changed_at: Mapped[datetime]
    retracted_at: Mapped[datetime | None]
    retract_reason: Mapped[str | None]
    state: Mapped[str | None]
    """That of both offices, None where they are of two; the database finds it."""


class OverlapSide(Base):
    """One office's side of an overlap, with what the office says of it; each overlap has two."""

    __tablename__ = "overlap_sides"
    __table_args__ = (
        CheckConstraint("office_id <> other_office_id", name="two_offices"),
        CheckConstraint(
            "verdict IN ('confirmed', 'not_a_match', 'need_information')", name="verdict"
        ),
        CheckConstraint(
            "(verdict IS NOT DISTINCT FROM 'not_a_match') = (verdict_reason IS NOT NULL)",
            name="verdict_reason",
        ),
        CheckConstraint(
            "(verdict IS NULL) = (verdict_at IS NULL)"
            " AND (verdict IS NULL) = (verdict_evidence IS NULL)",
            name="verdict_at",
        ),
        # both, or a plan made while the table was small could read all that an office has
        Index("ix_overlap_sides_case_id_office_id", "case_id", "office_id"),
        Index("ix_overlap_sides_overlap_id", "overlap_id"),
    )

    office_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    overlap_id: Mapped[UUID] = mapped_column(
        ForeignKey("overlaps.id", ondelete="CASCADE"), primary_key=True
    )
    case_id: Mapped[int]
    other_office_id: Mapped[int] = mapped_column(Integer)
    other_case_id: Mapped[int]
    seen_at: Mapped[datetime | None]
    """When the office was first shown it; who never was is not told of its retraction either."""
    verdict: Mapped[str | None]
    verdict_reason: Mapped[str | None]
    verdict_evidence: Mapped[list[str] | None] = mapped_column(ARRAY(String))
    """The evidence that the verdict was given on."""
    verdict_at: Mapped[datetime | None]
