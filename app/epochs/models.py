from datetime import datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class KeyEpoch(Base):
    """A key epoch and where it stands; epochs are never in one state twice."""

    __tablename__ = "key_epochs"
    __table_args__ = (
        CheckConstraint("state IN ('next', 'current', 'previous', 'ended')", name="state"),
        CheckConstraint("(state = 'previous') <= (accepted_until IS NOT NULL)", name="grace"),
        Index(
            "uq_key_epochs_state", "state", unique=True, postgresql_where=text("state <> 'ended'")
        ),
    )

    epoch: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    state: Mapped[str]
    """`next` while old tokens are lifted to it, `current` for new ones, `previous` while posts
    under it are still lifted at the door, `ended` when its keys are destroyed."""
    began_at: Mapped[datetime]
    switched_at: Mapped[datetime | None]
    """When it became current."""
    accepted_until: Mapped[datetime | None]
    """Of a previous epoch: until when posts under it are taken."""
    ended_at: Mapped[datetime | None]
    key_check: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Of the token key of the epoch: a process with another one would never find a match."""
