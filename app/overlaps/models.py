from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Subject(Base):
    """A subject as the matcher knows it: whose it is and which kinds of key it has. No text."""

    __tablename__ = "subjects"
    __table_args__ = (
        CheckConstraint("kind IN ('person', 'organization')", name="kind"),
        Index("ix_subjects_case_id", "case_id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    office_id: Mapped[int] = mapped_column(Integer)
    ref: Mapped[str]
    kind: Mapped[str]
    rarities: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    """How rare each alias is, 0 common to 3 rare."""
    kinds: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    """Which person keys each alias has: bit `code - 1` of each key's kind."""
    numbers: Mapped[int] = mapped_column(SmallInteger)
    """Which numbers of one person it has: bit `code - 40` of each strong kind."""


class Token(Base):
    """The registry row of one token: locked first by every post that holds it (I4)."""

    __tablename__ = "tokens"
    __table_args__ = (CheckConstraint("octet_length(token) = 16", name="token"),)

    token: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    kind: Mapped[int] = mapped_column(SmallInteger)
    match_spec: Mapped[int] = mapped_column(SmallInteger)
    epoch: Mapped[int] = mapped_column(SmallInteger)
    subjects: Mapped[int] = mapped_column(Integer)
    offices: Mapped[int] = mapped_column(Integer)


class Sighting(Base):
    """One token on one subject. The primary key is the covering index of detection."""

    __tablename__ = "sightings"
    __table_args__ = (Index("ix_sightings_subject_id", "subject_id"),)

    token: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    office_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    subject_id: Mapped[int] = mapped_column(
        ForeignKey("subjects.id", ondelete="CASCADE"), primary_key=True
    )
    alias: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    """Which name of the subject, from 0; -1 for a key that is not of a name."""


class CommonSighting(Base):
    """A sighting beyond what one office may hold of one token: kept, and never matched (I8)."""

    __tablename__ = "common_sightings"
    __table_args__ = (Index("ix_common_sightings_subject_id", "subject_id"),)

    token: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    office_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    subject_id: Mapped[int] = mapped_column(
        ForeignKey("subjects.id", ondelete="CASCADE"), primary_key=True
    )
    alias: Mapped[int] = mapped_column(SmallInteger, primary_key=True)


class SealingKey(Base):
    """A data key of the cold column, sealed to the offline rotation key (HPKE, RFC 9180)."""

    __tablename__ = "sealing_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(SmallInteger)
    sealed_key: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class SealedElements(Base):
    """The unhashed elements N of a subject, for key rotation without the offices; cold."""

    __tablename__ = "sealed_elements"

    subject_id: Mapped[int] = mapped_column(
        ForeignKey("subjects.id", ondelete="CASCADE"), primary_key=True
    )
    sealing_key_id: Mapped[UUID] = mapped_column(ForeignKey("sealing_keys.id"))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class Overlap(Base):
    """The pair of cases of two offices that share evidence; one row per pair (I8)."""

    __tablename__ = "overlaps"
    __table_args__ = (
        CheckConstraint("low_case_id < high_case_id", name="ordered"),
        CheckConstraint("band IN ('strong', 'probable', 'possible', 'shared_only')", name="band"),
        Index("uq_overlaps_cases", "low_case_id", "high_case_id", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    low_case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    high_case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    band: Mapped[str]
    strength: Mapped[int] = mapped_column(Integer)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """The one stored explanation; `subjects` in it is [low case's ref, high case's ref]."""
    version: Mapped[int] = mapped_column(Integer)
    found_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    retracted_at: Mapped[datetime | None]


class OverlapSide(Base):
    """One office's side of an overlap; each overlap has two."""

    __tablename__ = "overlap_sides"
    __table_args__ = (
        CheckConstraint("office_id <> other_office_id", name="two_offices"),
        Index("ix_overlap_sides_case_id", "case_id"),
    )

    office_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    overlap_id: Mapped[UUID] = mapped_column(ForeignKey("overlaps.id"), primary_key=True)
    case_id: Mapped[int]
    other_office_id: Mapped[int] = mapped_column(Integer)
    other_case_id: Mapped[int]
