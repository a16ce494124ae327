from datetime import date, datetime
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
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Suppression(Base):
    """An entry of a suppression list: a value, by its token, that says less than others do."""

    __tablename__ = "suppressions"
    __table_args__ = (
        CheckConstraint("octet_length(token) = 16", name="token"),
        CheckConstraint("mode IN ('inform', 'down_weight', 'block', 'alarm')", name="mode"),
        CheckConstraint("mode <> 'alarm' OR scope = 'office'", name="canary"),
        CheckConstraint("scope IN ('all', 'state', 'office')", name="scope"),
        CheckConstraint("(scope = 'state') = (state IS NOT NULL)", name="state"),
        CheckConstraint("(scope = 'all') = (office_id = 0)", name="owner"),
        CheckConstraint(
            "reason IN ('hotline', 'service_provider', 'shelter', 'court_or_agency',"
            " 'public_place', 'other')",
            name="reason",
        ),
        CheckConstraint("(sealed IS NULL) = (sealing_key_id IS NULL)", name="sealed"),
        Index(
            "uq_suppressions_standing",
            "token",
            "office_id",
            "scope",
            text("(mode = 'alarm')"),
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(Integer)
    """The owner; 0 is the operator."""
    token: Mapped[bytes] = mapped_column(LargeBinary)
    kind: Mapped[int] = mapped_column(SmallInteger)
    epoch: Mapped[int] = mapped_column(SmallInteger)
    mode: Mapped[str]
    """What it does to findings; `alarm` does nothing to them: the value is a canary."""
    scope: Mapped[str]
    state: Mapped[str | None]
    reason: Mapped[str]
    expires_on: Mapped[date]
    """First day on which it no longer applies."""
    added_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    sealing_key_id: Mapped[UUID | None] = mapped_column(ForeignKey("sealing_keys.id"))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The unhashed element N, for key rotation, until the entry ends; cold."""


class CanaryAlarm(Base):
    """An office posted the value of a canary, which no case holds: it guesses, or it has a leak."""

    __tablename__ = "canary_alarms"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    canary_id: Mapped[UUID] = mapped_column(ForeignKey("suppressions.id"))
    office_id: Mapped[int] = mapped_column(Integer)
    """That which posted it."""
    case_id: Mapped[int]
    raised_at: Mapped[datetime]
