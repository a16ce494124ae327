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
        Index("ix_cases_review_on", "review_on", postgresql_where=text("withdrawn_at IS NULL")),
        Index(
            "ix_cases_withdrawn_at",
            "withdrawn_at",
            postgresql_where=text("withdrawn_at IS NOT NULL"),
        ),
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
    """What an owner has let a named office see of a case, beyond the case's own disclosure.

    One that a person of the office broke the glass for names that person.
    """

    __tablename__ = "case_grants"
    __table_args__ = (
        CheckConstraint("rung BETWEEN 1 AND 4", name="rung"),
        CheckConstraint("approval IN ('not_needed', 'pending', 'given')", name="approval"),
        CheckConstraint("(approval = 'given') = (approved_by IS NOT NULL)", name="approved_by"),
        CheckConstraint("approved_by <> granted_by", name="two_persons"),
        Index("uq_case_grants_key", "key", unique=True),
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
    key: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    """What the grant is called outside."""
    granted_by: Mapped[str] = mapped_column(server_default="")
    approval: Mapped[str] = mapped_column(server_default="not_needed")
    approved_by: Mapped[str | None]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    overlap_id: Mapped[UUID | None] = mapped_column(ForeignKey("overlaps.id", ondelete="CASCADE"))
    """The one overlap in which it counts; None means all of the case with that office."""


class CaseWall(Base):
    """Keeps one office, or one person of the owner's, from a case for a conflict of interest.

    Nothing overrides it. Lifting takes two persons: one asks, another agrees.
    """

    __tablename__ = "case_walls"
    __table_args__ = (
        CheckConstraint("(office_id IS NULL) <> (person_id IS NULL)", name="one_walled"),
        CheckConstraint("lifted_by <> lift_asked_by", name="two_persons"),
        CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="lifted"),
        *(
            Index(
                f"uq_case_walls_{walled}",
                "case_id",
                walled,
                unique=True,
                postgresql_where=text("lifted_at IS NULL"),
            )
            for walled in ("office_id", "person_id")
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    office_id: Mapped[int | None] = mapped_column(ForeignKey("offices.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    set_at: Mapped[datetime]
    set_by: Mapped[str]
    lift_asked_at: Mapped[datetime | None]
    lift_asked_by: Mapped[str | None]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None]
