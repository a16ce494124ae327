"""The states of a second look, as one table; docs/workflow.md publishes it.

It invites and never overrules: whether a declined matter is taken up again is its office's to say.
The other office sees it where it sees the declined case's summary, and nowhere else.
"""

from typing import Annotated, Final, Literal

from pydantic import Field

State = Annotated[
    Literal["asked", "acknowledged", "closed"],
    Field(description="Asked until somebody of the office reads it; closed with an outcome."),
]
Event = Literal["acknowledge", "close"]

NEXT: Final[dict[tuple[str, Event], State]] = {
    ("asked", "acknowledge"): "acknowledged",
    ("asked", "close"): "closed",
    ("acknowledged", "close"): "closed",
}
"""State and event -> state; what is not here is refused."""
