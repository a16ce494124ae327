from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Case(Base):
    """A posted case summary, owned by the submitting office; no identifier is ever stored here."""

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint(
            "record_class IN ('pre_charge', 'charged', 'disposed', 'declined')", name="record_class"
        ),
        CheckConstraint("disclosure IN ('open', 'contact_first', 'silent')", name="disclosure"),
        CheckConstraint(
            "trafficking_type IN ('sex', 'labor', 'both', 'undetermined')", name="trafficking_type"
        ),
        # 28 CFR 23.20(h): review or purge within five years
        CheckConstraint("review_on <= validated_on + interval '5 years'", name="review_on"),
        Index("uq_cases_external", "office_id", "source_system", "external_id", unique=True),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    source_system: Mapped[str]
    external_id: Mapped[str]
    record_class: Mapped[str]
    trafficking_type: Mapped[str]
    disclosure: Mapped[str]
    county_fips: Mapped[str | None]
    opened_on: Mapped[date | None]
    review_on: Mapped[date]
    validated_on: Mapped[date]
    summary: Mapped[str | None]
    content_tag: Mapped[bytes] = mapped_column(LargeBinary)
    """Keyed digest of the post, to know a repeat without keeping it."""
    version: Mapped[int] = mapped_column(Integer)
    posted_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    """When the office took it back; what is left then is its reference."""


class CaseGrant(Base):
    """What an owner has let a named office see of a case, beyond the case's own disclosure."""

    __tablename__ = "case_grants"
    __table_args__ = (
        CheckConstraint("rung BETWEEN 1 AND 4", name="rung"),
        Index("ix_case_grants_case_id_grantee_office_id", "case_id", "grantee_office_id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    grantee_office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    rung: Mapped[int] = mapped_column(SmallInteger)
    purpose: Mapped[str]
    granted_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
