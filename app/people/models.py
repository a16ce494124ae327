from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Person(Base):
    """Someone of an office who signs in. Rows stay, so that an account name is never reused."""

    __tablename__ = "persons"
    __table_args__ = (
        CheckConstraint(
            "cardinality(roles) > 0 AND roles <@ ARRAY['administrator', 'coordinator',"
            " 'prosecutor', 'analyst', 'auditor', 'leadership']",
            name="roles",
        ),
        CheckConstraint("account ~ '^[a-z0-9][a-z0-9._@+-]{1,99}$'", name="account"),
        CheckConstraint("disabled_for IN ('administrator', 'idle')", name="disabled_for"),
        CheckConstraint("(disabled_at IS NULL) = (disabled_for IS NULL)", name="disabled"),
        UniqueConstraint("office_id", "account", name="uq_persons_account"),
        UniqueConstraint("office_id", "issuer", "subject", name="uq_persons_subject"),
        Index("uq_persons_enrolment_digest", "enrolment_digest", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    account: Mapped[str]
    name: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime]
    enabled_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    disabled_for: Mapped[str | None]
    last_signed_in_at: Mapped[datetime | None]
    password_digest: Mapped[str | None]
    is_password_short: Mapped[bool] = mapped_column(default=False)
    """The password is too short to stand alone: nothing works without a second factor."""
    totp_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_step: Mapped[int] = mapped_column(default=0)
    """The last time step whose code was taken; only a later one is (RFC 6238 section 5.2)."""
    enrolment_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    enrolment_expires_at: Mapped[datetime | None]
    issuer: Mapped[str | None]
    subject: Mapped[str | None]


class Passkey(Base):
    """A WebAuthn credential of a person."""

    __tablename__ = "passkeys"
    __table_args__ = (Index("ix_passkeys_person_id", "person_id"),)

    credential_id: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int]
    label: Mapped[str]
    added_at: Mapped[datetime]


class RecoveryCode(Base):
    """The SHA-256 of a code (80 random bits) that stands in for a second factor once."""

    __tablename__ = "recovery_codes"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)


class SignIn(Base):
    """A person signed in with one browser; whoever has the secret behind `digest` is that one."""

    __tablename__ = "sign_ins"
    __table_args__ = (
        CheckConstraint(
            "method IN ('password', 'passkey', 'provider', 'enrolment')", name="method"
        ),
        Index("ix_sign_ins_person_id", "person_id"),
        Index("uq_sign_ins_digest", "digest", unique=True),
        Index("ix_sign_ins_seen_at", "seen_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    method: Mapped[str]
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    proved_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]


class SignInAttempts(Base):
    """Attempts counted against one account or one source, named by a keyed fingerprint."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (Index("ix_sign_in_attempts_started_at", "started_at"),)

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    counted: Mapped[int]
    started_at: Mapped[datetime]
    locks: Mapped[int]
    in_a_row: Mapped[int]
    """Of an account: since somebody last signed in to it whole; of a source 0."""
    locked_until: Mapped[datetime | None]


class SpentChallenge(Base):
    """A challenge or state that was answered; a second answer is a replay."""

    __tablename__ = "spent_challenges"
    __table_args__ = (Index("ix_spent_challenges_expires_at", "expires_at"),)

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    expires_at: Mapped[datetime]


class IdentityProvider(Base):
    """The one OpenID provider of an office, and what it must say of how somebody signed in."""

    __tablename__ = "identity_providers"
    __table_args__ = (CheckConstraint("cardinality(acr_values) > 0", name="acr_values"),)

    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"), primary_key=True)
    issuer: Mapped[str]
    client_id: Mapped[str]
    acr_values: Mapped[list[str]] = mapped_column(ARRAY(Text))
