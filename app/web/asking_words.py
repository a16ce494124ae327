"""Plain words for what offices ask of each other: contacts, advice, a second look. Pure."""

from typing import Final

from app.reference.words import INDUSTRIES, ORIGINS, STAGES, TOPICS, meaning

NEXT_CALLS: Final = {
    "call": "Call the office",
    "call_lead": "Call the lead of the joint handling",
    "request_contact": "Ask for the contact",
    "await_contact": "Await the answer about the contact",
    "none": "Nothing: both offices found no match",
}
BLINDNESS: Final = {
    "not_participating": "Your office took no part, so that no overlap could be known.",
    "held": "The case was under a legal hold and matched with nothing, so that no overlap could be "
    "known.",
    "not_matched_yet": "The case was not posted again since its legal hold was lifted, and "
    "so matched with nothing: no overlap could be known.",
}
CONTACT_REASONS: Final = {
    "same_subject": "It may be the same subject",
    "act_ahead": "A plea, charge or operation is ahead",
    "joint_handling": "To talk over joint handling",
}
CONTACT_STATUSES: Final = {
    "pending": "Waiting for an answer",
    "accepted": "Accepted: the contact shows",
    "declined": "Declined",
    "withdrawn": "Withdrawn",
    "expired": "Expired without an answer",
}
CONTACT_DECLINES: Final = {
    "investigation_at_risk": "An investigation would be at risk",
    "not_the_same_subject": "Not the same subject",
    "matter_closed": "Our matter is closed",
    "conflict_of_interest": "Conflict of interest",
    "later": "Not now; ask again later",
}
LOOK_STATES: Final = {
    "asked": "To be looked at",
    "acknowledged": "Read",
    "closed": "Closed",
}
LOOK_OUTCOMES: Final = {
    "reopened": "We take the matter up again",
    "consulting": "We consult the other office",
    "declination_stands": "The declination stands",
}
QUESTION_STATUSES: Final = {
    "open": "Waiting for the desk",
    "taken": "The desk is at it",
    "answered": "Answered: say whether it was used",
    "used": "Answered and used",
    "not_used": "Answered, not used",
    "withdrawn": "Withdrawn",
    "expired": "Expired without an answer",
}
USED_FOR: Final = {
    "screening": "Screening",
    "investigation": "The investigation",
    "charging": "Charging",
    "negotiation": "Negotiation",
    "trial": "Trial",
    "support": "Support of those who were harmed",
}
NOT_USED: Final = {
    "too_late": "It came too late",
    "not_applicable": "It did not apply",
    "known_already": "We knew it already",
    "other_advice": "We followed other advice",
    "no_means": "We lacked the means",
}
TOPIC_WORDS: Final = {each: meaning("topic", each) for each in TOPICS}
INDUSTRY_WORDS: Final = {each: meaning("industry", each) for each in INDUSTRIES}
ORIGIN_WORDS: Final = {each: meaning("origin", each) for each in ORIGINS}
STAGE_WORDS: Final = {each: meaning("stage", each) for each in STAGES}

_WAITING: Final = frozenset({"pending", "asked", "open", "answered"})
_GOOD: Final = frozenset({"accepted", "used", "reopened"})
_UNDER_WAY: Final = frozenset({"taken", "acknowledged"})


def tone(state: str) -> str:
    """Return how a state is coloured: `todo`, `wait`, `good` or `off`."""
    for name, states in (("todo", _WAITING), ("good", _GOOD), ("wait", _UNDER_WAY)):
        if state in states:
            return name
    return "off"


def topic(name: str) -> str:
    """Return a topic in words, also one that a later release has taken from the list."""
    return meaning("topic", name)


def used(code: str) -> str:
    """Return what an answer was used for, or why it was not."""
    return USED_FOR.get(code) or NOT_USED.get(code, code)


def hours(count: float) -> str:
    """Return how long an answer took, in the unit that matters: `5 hours` or `3 days`."""
    size, unit = (count, "hour") if count < 48 else (count / 24, "day")  # noqa: PLR2004 -- two days
    shown = max(1, round(size))
    return f"{shown} {unit}{'' if shown == 1 else 's'}"
