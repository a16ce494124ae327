from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Identity, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger

from app.core.models import Base


class AuditEntry(Base):
    """One effect or disclosure, written in its transaction. Opaque ids only, no identifier."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_office_id_id", "office_id", "id"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    action: Mapped[str]
    office_id: Mapped[int]
    actor: Mapped[str]
    object: Mapped[str]
    recipients: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
    request_id: Mapped[str]
    client_id: Mapped[UUID | None] = mapped_column()
