"""The life of a question: the one table that every step asks."""

from dataclasses import dataclass
from typing import Final, Literal

Status = Literal["open", "taken", "answered", "used", "not_used", "withdrawn", "expired"]
Side = Literal["asked", "received"]
"""How the caller's office stands to a question: it asked, or its desk received it."""


@dataclass(frozen=True)
class Step:
    """Who may take a step, and from where."""

    side: Side
    starts: frozenset[Status]


TAKE: Final = Step("received", frozenset({"open"}))
ANSWER: Final = Step("received", frozenset({"open", "taken"}))
WITHDRAW: Final = Step("asked", frozenset({"open", "taken"}))
SAY_USE: Final = Step("asked", frozenset({"answered"}))
UNANSWERED: Final = ("open", "taken")
"""What expires."""
