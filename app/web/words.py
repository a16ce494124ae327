"""Plain words for coded ones: what people read of bands, verdicts, kinds and classes. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from app.cases.fact_schemas import OffenceRead
from app.cases.overlap_schemas import OverlapRead, SharedCaseRead, VerdictRead
from app.cases.schemas import CaseRead
from app.identifiers.kinds import KINDS
from app.queues.schemas import QueueCounts, Turn
from app.reference.statutes import is_newer, statute_of
from app.reference.words import meaning
from app.web.times import day_text

__all__ = ["meaning"]  # templates ask for it here

BANDS: Final = {
    "strong": "Strong",
    "probable": "Probable",
    "possible": "Possible",
    "shared_only": "Shared identifier only",
}
BAND_MEANINGS: Final = {
    "strong": "At least 99 in 100 pairs that look like this are the same person or organization.",
    "probable": "At least 90 in 100 pairs that look like this are the same.",
    "possible": "At least 20 in 100 pairs that look like this are the same.",
    "shared_only": "An identifier is shared. That alone never shows who is behind it.",
}
FINDINGS: Final = {
    "same_person": "Possibly the same person",
    "same_organization": "Possibly the same organization",
    "shared_identifier": "Shared identifier",
}
TRAFFICKING: Final = {
    "sex": "Sex trafficking",
    "labor": "Labor trafficking",
    "both": "Sex and labor trafficking",
    "undetermined": "Type not yet determined",
}
RECORD_CLASSES: Final = {
    "pre_charge": "Before charges",
    "charged": "Charged",
    "disposed": "Disposed",
    "declined": "Declined",
}
DISCLOSURES: Final = {
    "open": "Open: they see that there is a possible match, your office and whom to call",
    "contact_first": "Contact first: they see a possible match, and your state and kind of office",
    "silent": "Silent: only your office learns of a possible match",
}
SPOKEN_DISCLOSURES: Final = {name: DISCLOSURES[name] for name in ("open", "contact_first")}
DISCLOSURE_TAGS: Final = {
    "open": "Open",
    "contact_first": "Contact first",
    "silent": "Silent",
}
PROVENANCES: Final = {
    "police_report": "Police report",
    "court_filing": "Court filing",
    "own_investigation": "Our own investigation",
}
RUNGS: Final = {
    "pointer": "That there is a possible match",
    "contact": "Office and contact",
    "summary": "Summary",
    "record": "Full record",
}
OFFICE_KINDS: Final = {
    "local": "Local prosecutor's office",
    "attorney_general": "Attorney General's office",
    "tribal": "Tribal prosecutor's office",
    "regional": "Regional office",
}
VERDICTS: Final = {
    "confirmed": "Confirmed: the same",
    "not_a_match": "Not a match",
    "need_information": "We need more information",
}
REASONS: Final = {
    "different_person": "A different person",
    "different_organization": "A different organization",
    "shared_by_chance": "The identifier is shared by chance",
    "shared_service": "The identifier is of a service that many use",
    "victim_or_witness": "It concerns a victim or witness",
    "wrong_data": "Our data or theirs is wrong",
}
STATES: Final = {
    "open": "Possible match",
    "awaiting_other": "One office has answered",
    "confirmed": "Confirmed overlap",
    "not_a_match": "Not a match",
    "disagreement": "The offices disagree",
    "information_needed": "More information needed",
}
RETRACTIONS: Final = {
    "evidence_gone": "What the two cases shared is no longer there.",
    "case_withdrawn": "One of the two cases was withdrawn.",
}
READ_REASONS: Final = {
    "investigation": "Investigation",
    "charging": "Charging",
    "plea": "Plea",
    "joint_handling": "Joint handling",
    "victim_safety": "Safety of victims",
    "supervision": "Supervision",
}
FOLLOW_UPS: Final = {
    "new": "Not yet acknowledged",
    "acknowledged": "Acknowledged",
    "contacted": "Spoke with the other office",
    "verdict_given": "Answer given",
    "resolved": "Done",
}
DUE_STEPS: Final = {
    "acknowledge": "Acknowledge it",
    "judge": "Give your office's answer",
    "agree": "Settle with the other office: your answers differ",
}
RESOLUTIONS: Final = {
    "handled_jointly": "Handled jointly",
    "handled_separately": "Handled separately",
    "other_office_handles": "The other office handles it",
    "not_a_match": "Not a match",
}
HANDLING_CODES: Final = {
    "ask_before_use": "Ask us before you use it",
    "no_third_office": "Do not pass it on to a third office",
}
SENSITIVITIES: Final = {"sensitive": "Sensitive", "highly_sensitive": "Highly sensitive"}
SOURCE_CONFIDENCES: Final = {
    "A": "Always reliable",
    "B": "Mostly reliable",
    "C": "Rarely reliable",
}
INFORMATION_CONFIDENCES: Final = {
    "1": "Known to be true",
    "2": "Known to the source itself",
    "3": "Heard from others, and borne out",
}
ACTS: Final = {
    "plea": "A plea",
    "declination": "A declination",
    "charge": "A charge",
    "operation": "An operation",
}
ROLES: Final = {
    "prosecutor": "Prosecutor",
    "analyst": "Analyst",
    "leadership": "Unit head",
    "coordinator": "Coordinator",
    "administrator": "Administrator",
    "auditor": "Auditor",
}
_NAMES: Final = {"exact": "agrees", "sound": "sounds alike", "initial": "same initial"}
LEVELS: Final = {
    **{(f"{name}_name", level): _NAMES[level] for name in ("last", "first") for level in _NAMES},
    ("birth_date", "full"): "agrees",
    ("birth_date", "swapped"): "agrees with day and month swapped",
    ("birth_date", "two_parts"): "year with month or day agrees",
    ("birth_date", "day_month"): "day and month agree",
    **{(name, "agrees"): "agrees" for name in ("middle_initial", "postcode", "house")},
}
SIGNALS: Final = {
    "last_name": "Last name",
    "first_name": "First name",
    "birth_date": "Date of birth",
    "middle_initial": "Middle initial",
    "postcode": "ZIP code",
    "house": "House number",
}
_PERSON: Final = {
    "name": "name",
    **{name: text.lower().replace("zip", "ZIP") for name, text in SIGNALS.items()},
}
_SHORT: Final = {
    "ssn": "Social Security number",
    "ssn4": "end of a Social Security number",
    "org": "organization name",
    "fein": "employer number",
    "flc": "contractor registration",
    "job": "job order",
    "handle": "account name",
    "addr0": "street address",
}
_PARTS: Final = {"addr0": "addr", "ssn4": "ssn"}


def kind_word(kind: str) -> str:
    """Return a kind of identifier without its article: `phone number`."""
    if kind in _PERSON:
        return _PERSON[kind]
    if kind in _SHORT:
        return _SHORT[kind]
    return KINDS[kind].label.partition(" ")[2] if kind in KINDS else kind


def listed(items: Sequence[str]) -> str:
    """Return `a, b and c`."""
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def kind_words(kinds: Sequence[str]) -> list[str]:
    """Return kinds in words, without what a longer one says already."""
    said = {part for part, whole in _PARTS.items() if whole in kinds}
    return [kind_word(kind) for kind in kinds if kind not in said]


def capitalized(text: str) -> str:
    """Return a text as it begins a line; `capitalize` would spoil a name in it."""
    return text[0].upper() + text[1:]


def pointer(finding: str, kinds: Sequence[str]) -> str:
    """Return what a finding is where no more than kinds may be shown.

    Of a person the kind is always `name`, whatever agreed, so it is not told as what did.
    """
    is_told = finding == "shared_identifier" and kinds
    return FINDINGS[finding] + (f": {listed(kind_words(kinds))}" if is_told else "")


def status(overlap: OverlapRead) -> str:
    """Return who has to do what about an overlap, in the reader's own words."""
    if overlap.retracted_at is not None:
        return "No longer holds"
    own, other = overlap.verdicts.own, overlap.verdicts.other
    if own is not None and own.reopened is not None:
        return "Reopened: evidence changed"
    if overlap.verdicts.state == "awaiting_other":
        return "Waiting for your office" if not _stands(own) else "Waiting for the other office"
    return STATES[overlap.verdicts.state] if own or other else "Waiting for both offices"


def counted(counts: QueueCounts, turn: Turn) -> str:
    """Return how many overlaps wait for whom; of all of the office, whether there are more."""
    many = {"ours": counts.ours, "theirs": counts.theirs, "settled": counts.settled}
    text = f"{many.get(turn, counts.all):,}"
    return f"{text}+" if turn == "all" and counts.is_cut and counts.all == counts.total else text


def _stands(verdict: VerdictRead | None) -> bool:
    return verdict is not None and verdict.reopened is None


def tone(overlap: OverlapRead) -> str:
    """Return how a status is coloured: `todo`, `wait`, `good`, `off` or `alert`."""
    text = status(overlap)
    if text.startswith(("Waiting for both", "Waiting for your", "Reopened")):
        return "todo"
    tones = {"Confirmed overlap": "good", "The offices disagree": "alert"}
    off = {"No longer holds", "Not a match"}
    return tones.get(text, "off" if text in off else "wait")


def facts(case: SharedCaseRead | CaseRead, asks: str = "Its office asks") -> list[tuple[str, str]]:
    """Return the coded facts of a case that its office gave, label and words."""
    told, asked = case.facts, HANDLING_CODES.get(case.labels.handling_code)
    found = [
        ("Offences", [offence(each) for each in told.offences]),
        ("Industries", [meaning("industry", each) for each in told.industries]),
        ("Came from", [meaning("origin", told.origin)] if told.origin else []),
        (asks, [asked] if asked else []),
    ]
    return [(label, "; ".join(said)) for label, said in found if said]


def offence(told: OffenceRead) -> str:
    """Return the statute and when its wording was law, or the offence alone."""
    found = statute_of(told.statute or "", told.law_on or date.max)
    if found is None:
        return told.title or told.statute or ""
    law = "in this wording" if is_newer(found) else "law"
    when = f", {law} since {day_text(found.effective_on)}" if found.effective_on else ""
    if found.ends_on:
        when = f", as in force through {day_text(found.ends_on - timedelta(days=1))}"
    unread = "" if told.is_verified else " (not checked against its text)"
    return f"{found.citation}{when}{unread}"


def roles(of: Iterable[str]) -> str:
    """Return what someone is, in words."""
    return listed([ROLES.get(role, role) for role in of])
