from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class LapseNotice(Base):
    """An office was told that something of its ends; once for each thing, day and stage.

    Or its audit says that it did, of what ends by its date alone.
    """

    __tablename__ = "lapse_notices"
    __table_args__ = (
        CheckConstraint(
            "what IN ('case', 'grant', 'participation', 'commitment', 'handling', 'credential',"
            " 'grant_end', 'glass_end', 'reading_end', 'lift_request', 'proposal', 'webhook')",
            name="what",
        ),
        CheckConstraint("stage IN (30, 7, 0, -1)", name="stage"),
    )

    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"), primary_key=True)
    what: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    """The number or id of the row that ends; it leads to nothing else."""
    ends_on: Mapped[date] = mapped_column(primary_key=True)
    stage: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    """How many days before it was due: 30, 7, or 0 when it has ended; -1 when the office takes part
    again, on the day that `ends_on` then is."""
    told_at: Mapped[datetime]
