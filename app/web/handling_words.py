"""Plain words for requests, agreements and matters. Pure."""

from collections.abc import Collection
from datetime import date
from typing import Final

from app.access.permissions import Permission
from app.handling import machine
from app.handling.reads import HandlingRead, PartyRead
from app.handling.terms import LABELS, NamedParty, TermChange, lines_of
from app.handling.vocabulary import QUESTIONS
from app.matters.schemas import MatterSummaryRead
from app.web.times import day_text

KINDS: Final = {
    "consult": "Consultation",
    "information": "Request for information",
    "joint_handling": "Joint handling",
    "co_counsel": "Co-counsel",
    "cross_designation": "Cross-designation",
    "lead_transfer": "Transfer of the lead",
    "conflict_referral": "Referral because of a conflict",
    "expertise_infusion": "Help by specialists",
}
STANDINGS: Final = {
    "all": "All",
    "answer": "Waiting for our answer",
    "signature": "Waiting for our signature",
    "in_force": "In force",
    "ended": "Ended",
}
ORIGINS: Final = {
    "pointer": "That there is a possible match",
    "contact": "Whom to call",
    "summary": "The summary of a case",
    "record": "The steps of a case",
    "request": "A request was sent",
    "answer": "A request was answered",
    "agreement": "An agreement came in force",
    "lead": "The lead was handed over",
    "end": "Joint handling ended",
}
"""What came from the registry, by the words of the lead-origin ledger."""
PURPOSES: Final = {"send": "to let it go out", "agree": "to bind the office"}
"""What a signature is for."""
STATUSES: Final = {
    "draft": "Draft",
    "awaiting_own_leadership": "Waiting for the asking office's unit head",
    "sent": "Sent",
    "countered": "Other terms proposed",
    "accepted": "Answered: yes",
    "awaiting_their_leadership": "Waiting for signatures",
    "active": "In force",
    "extended": "In force, extended",
    "concluded": "Concluded",
    "declined": "Declined",
    "withdrawn": "Withdrawn",
    "expired": "Expired",
    "escalated": "Not answered in time",
}
TONES: Final = {
    **dict.fromkeys(("accepted", "active", "extended"), "good"),
    **dict.fromkeys(("concluded", "declined", "withdrawn", "expired"), "off"),
    "escalated": "alert",
}
MEANINGS: Final = {
    "draft": "Only your office sees it. Its unit head signs before it is sent.",
    "awaiting_own_leadership": "Only your office sees it. Its unit head signs it, or returns it.",
    "sent": "Each office that was asked may accept or decline; it may propose other terms of an "
    "agreement.",
    "countered": "Other terms are on the table. Every other party must accept them.",
    "accepted": "Talk to each other; conclude it when the question is settled.",
    "awaiting_their_leadership": "All accepted. A unit head of each office signs the same text; "
    "the last signature puts it in force.",
    "active": "All have signed. It ends by itself on its last day, unless all extend it.",
    "extended": "All have signed a later end. It ends by itself on that day.",
    "concluded": "It is over. What it showed ends; what was written stays.",
    "declined": "It is over. Either office may ask anew.",
    "withdrawn": "It is over: the office that asked took it back.",
    "expired": "It is over: its time ran out.",
    "escalated": "Nobody answered in time. It may still be answered, and ends by itself later.",
}
DECLINE_REASONS: Final = {
    "not_the_same_subject": "Not the same person or organization",
    "no_jurisdiction": "We have no jurisdiction",
    "conflict_of_interest": "Conflict of interest",
    "insufficient_resources": "We lack the resources",
    "handled_separately": "Better handled separately",
    "matter_closed": "Our matter is closed",
}
STEPS: Final = {
    "submit": "give the draft to the unit head",
    "revise": "change the draft",
    "sign": "sign the text",
    "amend": "sign the change of parties",
    "accept": "accept",
    "counter": "propose other terms",
    "decline": "decline with a reason",
    "return": "return it to the drafter",
    "propose": "propose a later end",
    "admit": "propose that another office joins",
    "leave": "leave",
    "close": "close it",
    "conclude": "conclude it",
    "withdraw": "take it back",
}
"""What leads on comes before what ends it."""
_ASKED: Final = {"accept", "sign", "amend"}
WHO: Final = {
    "handling:request": "a prosecutor, coordinator or unit head",
    "handling:answer": "a coordinator or unit head",
    "handling:sign": "a unit head",
}
"""Of the reader's office, by what the step takes."""
END_REASONS: Final = {
    "prosecution_completed": "The prosecution is completed",
    "charges_declined": "Charges were declined",
    "went_separate_ways": "The offices go separate ways",
    "transferred": "The matter was transferred",
    "evidence_insufficient": "The evidence is not sufficient",
    "question_answered": "The question is answered",
    "consent_on_record": "The consent is on record",
}
PAPER_SCOPES: Final = {
    "whole_matter": "The whole matter",
    "named_offences": "The offences named in it",
    "advice_only": "Advice only",
}
RETURN_REASONS: Final = {
    "terms_unsuitable": "The terms do not suit",
    "more_facts_needed": "More facts are needed",
    "not_now": "Not now",
}
BASES: Final = {
    "exclusive": "only the Attorney General prosecutes such a matter",
    "concurrent": "the Attorney General may prosecute beside the local office",
    "on_request": "the Attorney General acts on request",
    "on_consent": "the Attorney General acts with consent",
    "referral_by": "the Attorney General acts on a referral",
    "none": "the Attorney General has no part in such a matter",
    "unknown": "no rule is loaded for this state: ask a lawyer",
}


def tone(status: str, steps: Collection[str] = ()) -> str:
    """Return how a status is coloured: `todo`, `wait`, `good`, `off` or `alert`.

    `steps` are what the reader's office can do: it is asked for what only it can give.
    """
    return TONES.get(status, "wait") if _ASKED.isdisjoint(steps) else "todo"


def standing(status: str, steps: Collection[str] = ()) -> str:
    """Return where a request stands, for the office that can take these steps."""
    if status in {"sent", "escalated"} and "accept" in steps:
        return "Waiting for your answer"
    is_changing = status in {"active", "extended"} and not _ASKED.isdisjoint(steps)
    return f"{STATUSES[status]}, waiting for your signature" if is_changing else STATUSES[status]


def party(each: PartyRead) -> str:
    """Return which office a party is, as far as the reader may know."""
    name = each.office.name if each.office else f"Office {each.number}, not yet named"
    return f"{name} (your office)" if each.is_own else name


def with_whom(read: HandlingRead) -> str:
    """Return the other parties of a request; a single one that is not named is of the overlap."""
    others = [each for each in read.parties if not each.is_own]
    if [each.office for each in others] == [None]:
        return "The other office of the overlap"
    return ", ".join(map(party, others))


def others(matter: MatterSummaryRead, own: str) -> list[str]:
    """Return the names of the other offices that are in a matter now."""
    return [each.name for each in matter.parties if each.left_at is None and each.code != own]


def terms(read: HandlingRead) -> tuple[tuple[str, str], ...]:
    """Return the terms on the table, label and words; nothing for a question."""
    if read.terms is None:
        return ()
    named = {
        each.number: NamedParty(
            each.number,
            each.office.code if each.office else "",
            each.office.name if each.office else "",
        )
        for each in read.parties
    }
    said = dict(lines_of(read.terms, named))
    return tuple((said | {LABELS["ends_on"]: day_text(read.terms.ends_on)}).items())


def change(of: TermChange) -> str:
    """Return what a version changed, a day as the pages write it."""
    if of.field != "ends_on":
        return of.sentence
    was, becomes = (day_text(date.fromisoformat(each)) for each in (of.before, of.after))
    return f"{LABELS[of.field]}: {becomes}. Before: {was}."


def permission(read: HandlingRead, step: str) -> Permission | None:
    """Return what taking a step takes, None where the step does not lead on."""
    taken = machine.find(step, read.kind, read.status)
    return None if taken is None else taken.permission


def next_steps(read: HandlingRead) -> list[tuple[str, str, str]]:
    """Return the steps that the reader's office can take next, each in words and who of it may."""
    found = ((step, permission(read, step)) for step in STEPS if step in read.steps)
    return [(step, STEPS[step], WHO[needed]) for step, needed in found if needed]


def waits_for(read: HandlingRead) -> list[str]:
    """Return the parties whose acceptance or signature is still missing."""
    if read.kind not in QUESTIONS and read.status == "awaiting_their_leadership":
        return [party(each) for each in read.parties if not each.has_signed]
    if read.status in {"sent", "countered", "escalated"}:
        return [party(each) for each in read.parties if not each.has_accepted]
    return []


def plain(code: str) -> str:
    """Return a code that is a plain word or two as such: `Share evidence`."""
    return code.replace("_", " ").capitalize()
