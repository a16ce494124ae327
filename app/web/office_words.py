"""Plain words for an office's own standing. Pure."""

from collections.abc import Iterable
from datetime import date
from typing import Final, Protocol

from app.offices.own import Agreement
from app.offices.schemas import CommitmentRead
from app.quotas.allowances import LISTING, QUICK_CHECK, READING
from app.suppressing.schemas import SuppressionRead
from app.web import place_words, words

CONTACTS: Final = {
    "coordinator": "Coordinator",
    "backup": "Backup",
    "security": "Security contact",
}
CONTACT_MEANINGS: Final = {
    "coordinator": "Whom other offices call first about an overlap.",
    "backup": "Whom they call when the coordinator does not answer; mailed when you are late.",
    "security": "Who is told of an incident or an alarm.",
}
COMMITMENTS: Final = {
    "sex": "Joint handling of sex trafficking",
    "labor": "Joint handling of labor trafficking",
    "both": "Joint handling of sex and labor trafficking",
}
_COUNTED: Final = {
    QUICK_CHECK: "quick checks, in subjects",
    READING: "overlaps opened with a reason",
    LISTING: "pages of overlaps and networks",
}
ALARMS: Final = {
    "unusual_post": "A case was posted that your operator will ask about",
    "allowance": "An allowance was used up",
    "readings": "More summaries of other offices were opened in a day than people read",
    "unposted": "Many cases that identifiers were scrambled for were never posted",
    "short_lived": "Many cases were taken back within a week of posting",
    "webhook": "Messages to a webhook were given up: look at it, and let it go on if it is paused",
    "proposed": "Your agreement or identity provider waits for the operator",
    "mail": "Mails to your people were given up: look at their addresses, or ask your operator",
    "late_export": "No export of your case-management system came in time",
    "glass_review": "Nobody reviewed an emergency reading within 72 hours",
    "access_review": "The yearly review of access is due",
    "idle_accounts": "Accounts that nobody uses will be disabled within a week",
}
MODES: Final = {
    "inform": "It counts, and is named",
    "down_weight": "It counts little",
    "block": "It makes no possible match",
}
SUPPRESSION_REASONS: Final = {
    "hotline": "A hotline",
    "service_provider": "A service provider",
    "shelter": "A shelter",
    "court_or_agency": "A court or agency",
    "public_place": "A public place",
    "other": "Another reason",
}
SCOPES: Final = {
    "cases:post": "Post, change and withdraw cases",
    "cases:read": "Read the office's cases",
    "overlaps:read": "Read overlaps",
    "overlaps:judge": "Answer overlaps and take their steps",
    "handling:read": "Read requests and agreements",
    "handling:request": "Ask for joint handling",
    "handling:answer": "Answer requests",
    "grants:read": "Read what is shown to others",
    "grants:give": "Let named offices see more",
    "state-overlaps:read": "Read the state overview",
    "suppressions:manage": "Keep the suppression list",
    "tokens:evaluate": "Scramble identifiers, and check quickly",
    "defendant-feed:read": "Read the feed of defendants",
    "infusion:read": "Read questions for advice",
    "infusion:ask": "Ask for advice",
    "infusion:answer": "Give advice",
    "offices:read": "Read which offices take part",
}
"""What a machine may do, by the scopes of its credential."""
_AGREEMENTS: Final = {
    "coming": ("Not yet in force", "wait"),
    "in_force": ("In force", "good"),
    "ended": ("Ended", "off"),
}


def commitment(read: CommitmentRead, soon: date) -> tuple[str, str]:
    """Return how a commitment stands, and how that is coloured."""
    if read.has_lapsed:
        return "Lapsed", "alert"
    return ("Lapses soon", "todo") if read.lapses_on <= soon else ("Stands", "good")


def agreement(of: Agreement, today: date) -> tuple[str, str]:
    """Return how an agreement stands, and how that is coloured."""
    return _AGREEMENTS[of.standing(today)]


class Named(Protocol):
    """An office by its code and its name."""

    @property
    def code(self) -> str:
        """Return its code."""

    @property
    def name(self) -> str:
        """Return its name."""


def scopes(of: Iterable[str]) -> str:
    """Return what a machine may do, in words; a scope of another release stands for itself."""
    return "; ".join(SCOPES.get(each, each) for each in of)


def named(offices: Iterable[Named]) -> dict[str, str]:
    """Return names of offices by code: people know them by those."""
    return {each.code: each.name for each in offices}


def scope(entry: SuppressionRead) -> str:
    """Return to which pairs an entry applies."""
    if entry.scope == "state":
        return f"Offices of {place_words.state(entry.state or '')}"
    return "Everybody" if entry.scope == "all" else "Your office"


def key_class(name: str) -> str:
    """Return a class of identifiers, `phone number`, or what else is counted."""
    if name in _COUNTED:
        return _COUNTED[name]
    kind = name.removeprefix("feed:")
    plain = "name of a person" if kind == "person" else words.kind_word(kind)
    return plain if kind == name else f"{plain}, for the feed of defendants"
