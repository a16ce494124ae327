"""What pages call what happened."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

from app.notifications.schemas import EventType
from app.webhooks.schemas import WebhookRead

EVENTS: Final[Mapping[str, str]] = {
    "overlap.found": "A possible match",
    "overlap.changed": "A possible match rests on other evidence",
    "overlap.updated": "Something new about a possible match",
    "overlap.retracted": "A possible match no longer holds",
    "overlap.overdue": "Your office's next step with a possible match is late",
    "overlap.escalated": "A possible match waits too long: passed on to your backup or mediator",
    "mediation.asked": "A possible match waits for your office as mediator",
    "overlap.second_look": "A case that your office declined overlaps: have a second look",
    "overlap.disclosure_asked": "See whether a possible match has to be disclosed",
    "case.expired": "A case of yours is past its review date and matches no more",
    "case.lapsing": "A case of yours will soon be past its review date",
    "grant.lapsing": "A grant that your office gave or got ends soon",
    "grant.lapsed": "A grant that your office gave or got has ended",
    "participation.lapsing": "Your office's participation agreement ends soon",
    "participation.lapsed": "Your office's participation agreement has ended",
    "commitment.lapsing": "A commitment of your leadership ends soon",
    "commitment.lapsed": "A commitment of your leadership has ended",
    "handling.lapsing": "An agreement of joint handling ends soon",
    "handling.lapsed": "An agreement of joint handling has ended",
    "handling.requested": "Another office asks yours to handle something jointly",
    "handling.updated": "Something new about a request for joint handling",
    "handling.ended": "A request or an agreement of joint handling is over",
    "matter.lead_offered": "The lead of a matter is offered",
    "matter.lead_passed": "The lead of a matter has passed to another office",
    "alarm.raised": "Something in your office's use of Joinder that somebody should look at",
    "matter.task_given": "Your office has a task in a matter",
    "matter.review_due": "A matter is due for review by its offices",
    "credential.lapsing": "A machine client of your office ends soon, or is not used",
    "credential.lapsed": "A machine client of your office has ended",
    "contact.requested": "Another office asks whom to call about a possible match",
    "contact.answered": "An office that you asked whom to call has answered",
    "contact.ended": "A request for a contact ended without an answer",
    "advice.asked": "Another office asks yours for advice",
    "advice.answered": "A question of your office for advice is answered",
    "advice.updated": "Something new about a question for advice",
}
About = Literal[
    "overlap",
    "case",
    "handling",
    "matter",
    "contact",
    "advice",
    "mediation",
    "grant",
    "participation",
    "commitment",
    "credential",
    "alarm",
]
ABOUT: Final[Mapping[About, str]] = {
    "overlap": "Possible matches",
    "case": "Cases",
    "handling": "Joint handling",
    "matter": "Matters",
    "contact": "Whom to call",
    "advice": "Advice",
    "mediation": "Mediation",
    "grant": "Grants",
    "participation": "Participation agreements",
    "commitment": "Commitments",
    "credential": "Machine clients",
    "alarm": "Alarms",
}
"""What the types of events begin with, in the order in which a list of them is to be read."""
FREQUENCIES: Final = (
    ("none", "Never"),
    ("at_once", "At once, at most every 15 minutes"),
    ("daily", "Once a day"),
    ("weekly", "Once a week"),
)
TYPES: Final[tuple[str, ...]] = get_args(EventType)
MOST: Final = 20

_STATES: Final = {
    ("proposed", None): "Waits for a second administrator",
    ("active", None): "In use",
    ("paused", "administrator"): "Paused",
    ("paused", "failing"): "Paused: it took nothing for three days",
}
DELIVERIES: Final = {
    "waiting": "Waits",
    "delivered": "Delivered",
    "dead": "Given up",
    "withheld": "Withheld: your office may not know of it any more",
}
ERRORS: Final = {
    "refused": "the receiver refused it",
    "no-answer": "no answer",
    "address-refused": "the address is not public, or not allowed",
    "secret-lost": "the secret cannot be opened; make a new one",
    "worker-lost": "it was begun ten times and never finished",
    "unexpected": "a fault of ours; the operator's log has it",
}


def event(name: str) -> str:
    """Return what a type of event is called."""
    return EVENTS[name]


def counted(unread: int) -> str:
    """Return a number of unread notices, which counts no further than 20."""
    return f"{MOST}+" if unread >= MOST else str(unread)


def webhook_state(webhook: WebhookRead) -> str:
    """Return where a webhook stands."""
    return _STATES[webhook.state, webhook.paused_for]
