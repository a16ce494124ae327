from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.cases.overlap_schemas import CaseRef
from app.core.schemas import PageRead, Read, Sent
from app.notifications.schemas import EventRead, EventType

EventId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names an event; opaque.",
        examples=["evt_4f1d6a0e9b7c4d2f8a3b5c6d7e8f9012"],
    ),
]
MailFrequency = Literal["none", "at_once", "daily", "weekly"]
Address = Annotated[
    str,
    StringConstraints(
        max_length=254,
        pattern=r"^[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}$",
    ),
]


class NoticeRead(Read):
    """An event in a person's own list."""

    event: EventRead
    """What happened, as in the office's feed."""
    is_read: bool
    """Whether this person has marked it so."""
    case: CaseRef | None = None
    """The case of the person's own office that it is about, whatever happened to it, the first of
    several; null where there is none."""


class NoticePage(PageRead[NoticeRead]):
    """Notices, newest first."""


class NoticeMark(Sent):
    """Whether a notice has been read."""

    is_read: bool
    """False: it is unread again."""


class NoticesMark(Sent):
    """That everything up to a notice has been read."""

    through: EventId
    """The newest one that was seen."""


class NoticesMarked(Read):
    """How many notices are left."""

    unread: int
    """Unread ones; 20 stands for 20 or more."""


class NoticeSettingsPut(Sent):
    """What a person wants to be told, and how."""

    muted: frozenset[EventType] = frozenset()
    """Types of events that are neither listed nor counted nor mailed."""
    mail: MailFrequency = "none"
    """How often a mail says that something waits; never what."""
    address: Address | None = None
    """Where to, in the mail domain of the office; null only without mail."""


class NoticeSettingsRead(Read):
    """What the caller is told, and how."""

    muted: tuple[EventType, ...]
    """Types of events that are neither listed nor counted nor mailed."""
    mail: MailFrequency
    """How often a mail says that something waits."""
    address: str | None
    """Where to; null while there is none."""
    is_mail_sent: bool
    """Whether this registry sends mail at all."""
