from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Office(Base):
    """A prosecutor's office; the tenant. The contact is a post, not a private person."""

    __tablename__ = "offices"
    __table_args__ = (
        CheckConstraint("kind IN ('local', 'attorney_general', 'tribal', 'regional')", name="kind"),
        CheckConstraint("state ~ '^[A-Z]{2}$'", name="state"),
        CheckConstraint("mail_domain = lower(mail_domain)", name="mail_domain"),
        CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9-]{2,31}$'", name="code"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    contact_title: Mapped[str]
    contact_phone: Mapped[str]
    contact_email: Mapped[str]
    mail_domain: Mapped[str]
    """Where its people may have mail; the operator's to say, whatever the contact becomes."""
    time_zone: Mapped[str | None]
    """As `America/Denver`; None: that of its state's capital."""
    created_at: Mapped[datetime]
    suspended_at: Mapped[datetime | None]
    """Since when none of its clients and people is let in."""


class StateSettings(Base):
    """What a state decides for its offices; a state without a row keeps the defaults."""

    __tablename__ = "state_settings"
    __table_args__ = (
        CheckConstraint("state ~ '^[A-Z]{2}$'", name="state"),
        CheckConstraint("review_years BETWEEN 1 AND 5", name="review_years"),
        CheckConstraint(
            "num_nonnulls(counsel, counsel_on, law_digest) IN (0, 3)"
            " AND length(counsel) BETWEEN 1 AND 200 AND length(law_digest) = 32",
            name="counsel",
        ),
    )

    state: Mapped[str] = mapped_column(primary_key=True)
    has_state_pointers: Mapped[bool] = mapped_column(default=True)
    """Whether its Attorney General sees pointers to overlaps between two of its offices."""
    review_years: Mapped[int] = mapped_column(SmallInteger, default=5)
    """After how many years at the latest a case of its offices is reviewed (28 CFR 23.20(h))."""
    has_deemed_consent: Mapped[bool] = mapped_column(default=False)
    """Whether the nightly run takes silence as consent where its law says so (reference)."""
    mediator_office_id: Mapped[int | None] = mapped_column(ForeignKey("offices.id"))
    """Its Attorney General's office, if that mediates between its offices; None: nobody does."""
    counsel: Mapped[str | None]
    """The post of who confirmed the rules loaded for its Attorney General; None: nobody has."""
    counsel_on: Mapped[date | None]
    law_digest: Mapped[bytes | None]
    """What was confirmed, 32 bytes: a release that changes a rule is not what counsel read."""


class ParticipationAgreement(Base):
    """The signed agreement without which an office learns nothing and nothing of it is shown."""

    __tablename__ = "participation_agreements"
    __table_args__ = (
        CheckConstraint("signed_on <= effective_on", name="signed_first"),
        CheckConstraint("effective_on < ends_on", name="period"),
        Index("ix_participation_agreements_office_id", "office_id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    version: Mapped[str]
    signatory: Mapped[str]
    signed_on: Mapped[date]
    effective_on: Mapped[date]
    ends_on: Mapped[date | None]
    """First day on which it is no longer in force; None means until it is ended."""
    recorded_at: Mapped[datetime | None] = mapped_column(server_default=text("now()"))
    """None: before anybody noted it."""


class OfficeContact(Base):
    """Whom to reach when the office's contact does not answer, or about security; a post."""

    __tablename__ = "office_contacts"
    __table_args__ = (CheckConstraint("role IN ('backup', 'security')", name="role"),)

    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    phone: Mapped[str]
    email: Mapped[str]


class Commitment(Base):
    """The word of an office's leadership that it handles such matters jointly; it is renewed."""

    __tablename__ = "commitments"
    __table_args__ = (
        CheckConstraint("trafficking_type IN ('sex', 'labor', 'both')", name="trafficking_type"),
        CheckConstraint("signed_on < lapses_on", name="period"),
        Index("ix_commitments_office_id", "office_id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    trafficking_type: Mapped[str]
    signatory: Mapped[str]
    signed_on: Mapped[date]
    lapses_on: Mapped[date]
    """First day on which it no longer stands, unless another was signed by then."""
