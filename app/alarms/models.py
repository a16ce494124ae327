from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Alarm(Base):
    """Something in what an office does that people must look at; counts and codes, no content."""

    __tablename__ = "alarms"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('canary', 'allowance', 'readings', 'short_lived', 'unposted', 'proposed',"
            " 'webhook', 'mail', 'late_export', 'glass_review', 'access_review', 'idle_accounts')",
            name="kind",
        ),
        Index("uq_alarms_finding", "office_id", "kind", "finding", unique=True),
        Index("ix_alarms_office_id_number", "office_id", "number"),
    )

    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    key: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    """What it is called outside."""
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    """The office that did it."""
    kind: Mapped[str]
    finding: Mapped[str]
    """Of its kind and office what it was found by: a day, a class or webhook with one, a
    person or `all` with a month, an id."""
    count: Mapped[int]
    """How many; 1 where it is a single act."""
    raised_at: Mapped[datetime]
