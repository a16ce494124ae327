from datetime import date, datetime
from typing import Literal

from pydantic import Field

from app.core.schemas import PageRead, Read, Sent


class AlarmRead(Read):
    """That somebody should look at what the office does."""

    id: str
    """Opaque; the audit calls it so."""
    kind: Literal[
        "unusual_post",
        "allowance",
        "readings",
        "short_lived",
        "unposted",
        "proposed",
        "webhook",
        "mail",
        "late_export",
        "glass_review",
        "access_review",
        "idle_accounts",
    ]
    """`unusual_post`: a case was posted that the operator should ask about; `allowance`: one of
    evaluations, quick checks or openings was used up; `readings`: more summaries of other offices
    were opened in a day than people read; `short_lived`: many cases were taken back within a
    week; `unposted`: many that a permit named in a day were not posted in the week after;
    `proposed`: the office's agreement or identity provider waits for the operator; `webhook`:
    messages to one were given up; where it is paused, what comes later waits; `mail`: mails to
    people of the office, or its backup, were given up, as when an address is wrong, or the
    mail server takes none; `late_export`:
    the office's client got no export of its case-management system by the time that it expects one;
    `glass_review`: nobody reviewed an emergency reading, by the office or of a case of its own,
    within 72 hours; `access_review`: the yearly review of access is due; `idle_accounts`: so many
    accounts of people that nobody signs in to will be disabled within a week."""
    count: int
    """How many; 1 for a single act."""
    raised_at: datetime
    """When it was found, UTC."""


class LateExport(Sent):
    """That an office's own system wrote no export by the time that it is expected."""

    due_on: date = Field(strict=False)
    """The day on which it should have come by then, in the office's time zone."""


class LateExportRead(Read):
    """That an export of that day is late, and that it was told."""

    due_on: date
    """As it was sent."""


class AlarmPage(PageRead[AlarmRead]):
    """Alarms, newest first."""
