from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.models import Base


class FeedChoice(Base):
    """Whether an office lets the feed name it for cases that are `contact_first`; else not."""

    __tablename__ = "feed_choices"

    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"), primary_key=True)
    has_contact_first: Mapped[bool]
    chosen_by: Mapped[str]
    chosen_at: Mapped[datetime]
