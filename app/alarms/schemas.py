from datetime import datetime
from typing import Literal

from app.core.schemas import PageRead, Read


class AlarmRead(Read):
    """That somebody should look at what the office does."""

    id: str
    """Opaque; the audit calls it so."""
    kind: Literal[
        "unusual_post", "allowance", "readings", "short_lived", "unposted", "proposed", "webhook"
    ]
    """`unusual_post`: a case was posted that the operator should ask about; `allowance`: one of
    evaluations, quick checks or openings was used up; `readings`: more summaries of other offices
    were opened in a day than people read; `short_lived`: many cases were taken back within a
    week; `unposted`: many that a permit named in a day were not posted in the week after;
    `proposed`: the office's agreement or identity provider waits for the operator; `webhook`:
    messages to one were given up; where it is paused, what comes later waits."""
    count: int
    """How many; 1 for a single act."""
    raised_at: datetime
    """When it was found, UTC."""


class AlarmPage(PageRead[AlarmRead]):
    """Alarms, newest first."""
