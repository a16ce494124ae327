"""The states of a request for a contact, as one table; docs/workflow.md publishes it.

Asking shows the owner who asks. Accepting opens the rung contact, in this overlap alone, as a grant
in the owner's register. Every other end takes back what asking showed. All ends are final.
"""

from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import Field

Status = Annotated[
    Literal["pending", "accepted", "declined", "withdrawn", "expired"],
    Field(description="Pending until the other office answers, or time does; then final."),
]
Event = Literal["accept", "decline", "withdraw", "expire"]

NEXT: Final[dict[tuple[str, Event], Status]] = {
    ("pending", "accept"): "accepted",
    ("pending", "decline"): "declined",
    ("pending", "withdraw"): "withdrawn",
    ("pending", "expire"): "expired",
}
"""Status and event -> status; what is not here is refused."""

BY: Final[dict[Event, str]] = {
    "accept": "received",
    "decline": "received",
    "withdraw": "sent",
    "expire": "nobody",
}
"""For which office a request has to be received, or sent, to do this to it; time does the last."""

EXPIRES_AFTER: Final = timedelta(days=21)
"""How long the office that was asked has to answer."""
