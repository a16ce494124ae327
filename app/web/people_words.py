"""Plain words for people of an office and what can be done with their accounts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.people.directory import Listed
from app.web import words

ROLES: Final = {
    "prosecutor": "Posts cases, reads overlaps, answers, asks for joint handling",
    "analyst": "Posts cases, reads overlaps and answers; asks for nothing",
    "leadership": "As a prosecutor; signs, approves what is shown, lifts walls",
    "coordinator": "Reads overlaps and answers requests; posts no cases",
    "administrator": "Manages people and machines; sees no case",
    "auditor": "Reads the audit, grants and the access review; sees no case",
}
"""What each role is for; `words.ROLES` has what they are called."""
FACTORS: Final = {
    "password": "password",
    "totp": "authenticator app",
    "passkey": "passkey",
    "provider": "identity provider",
    "recovery_codes": "recovery codes",
}
METHODS: Final = {
    "password": "Password",
    "passkey": "Passkey",
    "provider": "Identity provider",
    "enrolment": "One-time code",
}
"""How a sign-in began."""


@dataclass(frozen=True)
class Act:
    """Something to do with an account: asked on a page of its own before it is done."""

    title: str
    question: str
    """With {name} in it."""
    effect: str
    button: str


ACTS: Final = {
    "suspend": Act(
        "Shut out",
        "Shut {name} out?",
        "Every sign-in of theirs ends at once, and none begins until you let them in again. What "
        "they did stays on record.",
        "Shut out",
    ),
    "resume": Act(
        "Let in again",
        "Let {name} in again?",
        "They sign in with what they have, and do what their roles allow.",
        "Let in again",
    ),
    "code": Act(
        "New code",
        "Give {name} a new one-time code?",
        "Their password goes and every sign-in ends. The second factor stays, and they need it.",
        "Make a new code",
    ),
    "reset": Act(
        "Reset everything",
        "Reset everything that {name} signs in with?",
        "Password, authenticator app, passkeys, recovery codes and the link to the identity "
        "provider go, and every sign-in ends. Make sure that it is they who ask.",
        "Reset and make a code",
    ),
    "release": Act(
        "Unlock",
        "Unlock the account of {name}?",
        "Wrong attempts are forgotten. If you do not know who made them, give a new code instead.",
        "Unlock",
    ),
    "sign-out": Act(
        "Sign out everywhere",
        "End every sign-in of {name}?",
        "They can sign in again at once. To keep them out, shut them out.",
        "End every sign-in",
    ),
}


def acts(person: Listed) -> list[str]:
    """Return what can be done with somebody's account now; nothing with one's own."""
    if person.is_self:
        return []
    if person.read.disabled_at is not None:
        return ["resume"]
    release = ["release"] if person.is_locked else []
    return [*release, "code", "reset", "sign-out", "suspend"]


def standing(person: Listed) -> tuple[str, str]:
    """Return how an account stands, and how that is coloured."""
    if person.read.disabled_at is not None:
        idle = person.read.disabled_for == "idle"
        return ("Shut out after 90 idle days" if idle else "Shut out", "off")
    if person.is_locked:
        return "Locked", "alert"
    if person.read.last_signed_in_at is None:
        return "Waits for the first sign-in", "todo"
    return "Active", "good"


def factors(of: Sequence[str]) -> str:
    """Return what somebody can sign in with."""
    found = [FACTORS[each] for each in of if each != "recovery_codes"]
    text = words.listed(found)
    return text[:1].upper() + text[1:] if text else "Nothing yet"


def chosen(person: Listed) -> dict[str, str]:
    """Return the form of somebody's roles as they are."""
    return {f"role-{role}": "on" for role in person.read.roles}
