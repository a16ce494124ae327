from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class Insight(Base):
    """One table of figures of a state, as every office of the state may read it."""

    __tablename__ = "insights"
    __table_args__ = (
        CheckConstraint("breakdown IN ('county', 'month')", name="breakdown"),
        CheckConstraint("jsonb_typeof(figures) = 'object'", name="figures"),
    )

    state: Mapped[str] = mapped_column(primary_key=True)
    measure: Mapped[str] = mapped_column(primary_key=True)
    breakdown: Mapped[str] = mapped_column(primary_key=True)
    made_on: Mapped[date]
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """By place or month, `all` for the state, then by category, empty for the sum: a count in
    steps of five, or null where it is hidden. What is zero is left out."""
