from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, CIDR, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Client(Base):
    """A machine client of an office: what it may do and from where.

    Its table, its command and codes that others know call it a client credential.
    """

    __tablename__ = "client_credentials"
    __table_args__ = (Index("ix_client_credentials_office_id", "office_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    label: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    networks: Mapped[list[str]] = mapped_column(ARRAY(CIDR))
    """Networks that it may call from; empty means any."""
    created_at: Mapped[datetime]
    expires_on: Mapped[date]
    """First day on which it counts no more; the operator may renew it."""
    counted_from: Mapped[date] = mapped_column(server_default=text("CURRENT_DATE"))
    """When it was made or renewed: whether anybody uses it is counted from then."""
    last_used_on: Mapped[date | None]
    """Of an access token, UTC; None: never."""
    revoked_at: Mapped[datetime | None]


class AccessReviewed(Base):
    """When an office last reviewed who has access, and was last told that it is due."""

    __tablename__ = "access_reviews"

    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"), primary_key=True)
    reviewed_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]


class ClientKey(Base):
    """A public key of a machine client; the private one stays in the office.

    Two live while a new one takes over from an old one.
    """

    __tablename__ = "client_keys"

    client_id: Mapped[UUID] = mapped_column(ForeignKey("client_credentials.id"), primary_key=True)
    kid: Mapped[str] = mapped_column(primary_key=True)
    """The key's thumbprint (RFC 7638)."""
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    added_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SpentAssertion(Base):
    """The `jti` of a client assertion that was used; a second use is a replay."""

    __tablename__ = "spent_assertions"
    __table_args__ = (Index("ix_spent_assertions_expires_at", "expires_at"),)

    client_id: Mapped[UUID] = mapped_column(ForeignKey("client_credentials.id"), primary_key=True)
    jti_digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    expires_at: Mapped[datetime]


class IdempotencyKey(Base):
    """The answer to a creating request, kept with its effect so that a repeat gets the same."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        CheckConstraint("num_nonnulls(client_id, person_id) = 1", name="caller"),
        UniqueConstraint("client_id", "key", name="uq_idempotency_keys_client_id_key"),
        UniqueConstraint("person_id", "key", name="uq_idempotency_keys_person_id_key"),
        Index("ix_idempotency_keys_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    client_id: Mapped[UUID | None] = mapped_column(ForeignKey("client_credentials.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    key: Mapped[str]
    request_digest: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int] = mapped_column(SmallInteger, default=0)
    headers: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    body: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
