from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base

ATTESTED: Final = """
record_class NOT IN ('pre_charge', 'declined') OR awaits_attestation
OR withdrawn_at IS NOT NULL OR (attestation ->> 'attests' = record_class
    AND num_nonnulls(attestation ->> 'basis', attestation ->> 'attested_by',
                     attestation ->> 'attested_on', attestation ->> 'support_at') = 4
    AND attestation ->> 'attested_on' <= to_char(validated_on, 'YYYY-MM-DD')) IS TRUE
"""
"""SQL: someone attested reasonable suspicion of who is not charged (28 CFR 23.20(a))."""
SOURCED: Final = "provenances <@ ARRAY['police_report', 'court_filing', 'own_investigation']"


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
        CheckConstraint(
            "validated_on <= (now() AT TIME ZONE 'UTC')::date + 1", name="validated_on"
        ),
        # who was declined is not charged: looked at again within a year
        CheckConstraint(
            "record_class <> 'declined' OR awaits_attestation"
            " OR review_on <= validated_on + interval '1 year'",
            name="declined_review_on",
        ),
        CheckConstraint(
            "awaits_attestation OR withdrawn_at IS NOT NULL"
            " OR (record_class = 'declined') = (declined_reason IS NOT NULL)",
            name="declined_reason",
        ),
        CheckConstraint(ATTESTED, name="attestation"),
        CheckConstraint(SOURCED, name="provenances"),
        CheckConstraint(
            "jsonb_typeof(facts) = 'object' AND jsonb_typeof(labels) = 'object'"
            " AND jsonb_typeof(stages) = 'array' AND jsonb_typeof(apart) = 'array'",
            name="forms",
        ),
        CheckConstraint(
            "(held_at IS NULL) = (held_by IS NULL) AND (held_at IS NULL) = (hold_reason IS NULL)",
            name="held",
        ),
        CheckConstraint(
            "(feed_digests IS NULL) = (feed_charged_on IS NULL)"
            " AND octet_length(feed_digests) % 32 = 0",
            name="feed",
        ),
        Index("ix_cases_feed", "id", postgresql_where=text("feed_digests IS NOT NULL")),
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
    attestation: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    awaits_attestation: Mapped[bool] = mapped_column(server_default=text("false"))
    """Posted before attestations were asked for; its next post needs one. No other one waits."""
    declined_reason: Mapped[str | None]
    declined_at: Mapped[datetime | None]
    """When it was last declined, which a trigger notes; a later post as declined changes it not."""
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    stages: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    """Every stage that was posted; a trigger lets none go before the case is withdrawn."""
    labels: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    apart: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    """Subjects that are not matched; no token of them exists."""
    provenances: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    held_at: Mapped[datetime | None]
    """Since when a legal hold keeps it as it is, matched with nothing."""
    held_by: Mapped[str | None]
    hold_reason: Mapped[str | None]
    feed_digests: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of newly charged defendants for the feed, 32 bytes each; the matcher cannot read it."""
    feed_charged_on: Mapped[date | None]
    """The day of the newest charge that put them there."""


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
        Index(
            "ix_case_grants_request_id",
            "request_id",
            postgresql_where=text("request_id IS NOT NULL"),
        ),
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
    approved_at: Mapped[datetime | None]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    overlap_id: Mapped[UUID | None] = mapped_column(ForeignKey("overlaps.id", ondelete="CASCADE"))
    """The one overlap in which it counts; None means all of the case with that office."""
    request_id: Mapped[UUID | None]
    """The request for joint handling with whose end the database revokes it."""


class Reading(Base):
    """Another office read a case for a reason (28 CFR 23.20(g)): a line of its owner's log.

    It stays when case or overlap goes.
    """

    __tablename__ = "readings"
    __table_args__ = (
        CheckConstraint("reader IN ('client', 'person')", name="reader"),
        CheckConstraint("rung BETWEEN 1 AND 4", name="rung"),
        CheckConstraint(
            "reason IN ('investigation', 'charging', 'plea', 'joint_handling', 'victim_safety',"
            " 'supervision')",
            name="reason",
        ),
        Index("ix_readings_case_id_id", "case_id", "id"),
        Index("ix_readings_office_id_logged_at", "office_id", "logged_at"),
        Index("ix_readings_owner_office_id_id", "owner_office_id", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    case_id: Mapped[int]
    owner_office_id: Mapped[int] = mapped_column(Integer)
    overlap_id: Mapped[UUID]
    office_id: Mapped[int] = mapped_column(Integer)
    office_case_id: Mapped[int]
    """The reader's own case, which overlaps."""
    actor: Mapped[str]
    """Who read it; the owner is not told."""
    reader: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """What the reader was: its right to know."""
    rung: Mapped[int] = mapped_column(SmallInteger)
    reason: Mapped[str]
    read_at: Mapped[datetime]
    logged_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    """Of the transaction that shows what is read: the view of the ladder asks for it."""


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
        Index("ix_case_walls_person_id", "person_id", postgresql_where=text("lifted_at IS NULL")),
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


class SummaryReading(Base):
    """What two persons agreed on: a summary that seems to hold an identifier holds none."""

    __tablename__ = "summary_readings"
    __table_args__ = (
        CheckConstraint("read_by <> asked_by", name="two_persons"),
        CheckConstraint("(read_at IS NULL) = (read_by IS NULL)", name="read"),
        CheckConstraint("reason <> ''", name="reason"),
        Index("ix_summary_readings_office_id_digest", "office_id", "digest"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    """Keyed, of the summary, which itself is not kept."""
    forms: Mapped[list[str]] = mapped_column(ARRAY(String))
    """The kinds of identifier that the guard took something for."""
    reason: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    read_by: Mapped[str | None]
    read_at: Mapped[datetime | None]
