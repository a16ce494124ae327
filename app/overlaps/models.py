from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import TRANSACTION, Base


class Subject(Base):
    """A subject as the matcher knows it: whose it is and which kinds of key it has. No text."""

    __tablename__ = "subjects"
    __table_args__ = (
        CheckConstraint("kind IN ('person', 'organization')", name="kind"),
        Index("ix_subjects_case_id", "case_id"),
        Index("ix_subjects_written_in", "written_in"),
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
    is_hidden: Mapped[bool]
    """As posted: other offices may not know of the case, so nothing they see counts it (I3)."""
    written_in: Mapped[int] = mapped_column(server_default=text(TRANSACTION))
    """The transaction that stored it: a post stores its subjects anew, so recounts go on by it."""


class Token(Base):
    """The registry row of one token: locked first by every post that holds it (I4)."""

    __tablename__ = "tokens"
    __table_args__ = (
        CheckConstraint("octet_length(token) = 16", name="token"),
        Index("ix_tokens_common", "token", postgresql_where=text("is_common")),
    )

    token: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    kind: Mapped[int] = mapped_column(SmallInteger)
    match_spec: Mapped[int] = mapped_column(SmallInteger)
    epoch: Mapped[int] = mapped_column(SmallInteger)
    subjects: Mapped[int] = mapped_column(Integer)
    """Matched subjects that are not hidden, at most three of each office (limits.py)."""
    offices: Mapped[int] = mapped_column(Integer)
    """Offices with such a subject."""
    hidden_subjects: Mapped[int] = mapped_column(Integer)
    hidden_offices: Mapped[int] = mapped_column(Integer)
    """The same of hidden subjects: they bound work, and nothing that is shown counts them."""
    is_common: Mapped[bool]
    """Whether subjects and offices are beyond the limit of the kind."""
    is_suppressed: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether a suppression entry stands, so that the row stays though nobody holds it."""


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


class HiddenSighting(Base):
    """A sighting of a hidden subject; apart, so that no number of them slows a search of others."""

    __tablename__ = "hidden_sightings"
    __table_args__ = (Index("ix_hidden_sightings_subject_id", "subject_id"),)

    token: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    office_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    subject_id: Mapped[int] = mapped_column(
        ForeignKey("subjects.id", ondelete="CASCADE"), primary_key=True
    )
    alias: Mapped[int] = mapped_column(SmallInteger, primary_key=True)


class CommonSighting(Base):
    """A sighting beyond one office's share of one token: kept, not matched until there is room."""

    __tablename__ = "common_sightings"
    __table_args__ = (
        Index("ix_common_sightings_subject_id", "subject_id"),
        Index("ix_common_sightings_office_id_token", "office_id", "token"),
    )

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
