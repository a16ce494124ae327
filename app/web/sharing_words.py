"""Plain words for what is shared, read and recorded. Pure."""

from collections.abc import Mapping
from typing import Final

from app.sharing.schemas import AccessLine, GrantRead
from app.web import words

PURPOSES: Final = {
    "coordination": "Coordination",
    "consultation": "Consultation",
    "transfer": "Transfer of the matter",
    "victim_safety": "Safety of victims",
    "contact_requested": "Whom to call was asked for",
    "contact_accepted": "Whom to call was told",
    "handling_requested": "Joint handling was asked for",
    "handling_accepted": "Joint handling was accepted",
    "glass_broken": "Emergency reading",
}
WITHDRAWN_FOR: Final = {
    "posted_by_mistake": "It was posted by mistake",
    "wrong_person": "It concerns another person",
    "not_involved": "Nobody in it is thought to be involved any more",
    "sealed": "It was sealed or expunged",
    "juvenile": "Somebody in it was under age",
    "closed": "The matter is over",
    "post_anew": "It is to be posted anew, with other identifiers or as silent",
}
ASKED_FOR: Final = {
    "counsel": "A person's counsel",
    "person": "The person",
    "own_office": "Our own office",
    "other_office": "Another office",
}
GROUNDS: Final = {
    "not_the_person": "It is about somebody else",
    "not_suspected": "The person is not involved",
    "juvenile": "The person was under age",
    "wrong_data": "Something in it is wrong",
    "sealed": "The matter is sealed",
    "out_of_date": "It is out of date",
}
OUTCOMES: Final = {
    "stands": "The entry stands",
    "changed": "The entry was changed",
    "withdrawn": "The entry was withdrawn",
}
GRANT_PURPOSES: Final = {name: PURPOSES[name] for name in list(PURPOSES)[:4]}
"""What a person may choose; the others come about by themselves."""
GRANT_STATES: Final = {
    "pending": "Waits for a second person",
    "in_force": "In force",
    "withdrawn": "Withdrawn",
    "expired": "Ended",
}
GRANT_TONES: Final = {"pending": "todo", "in_force": "good", "withdrawn": "off", "expired": "off"}
GRANTS_SHOWN: Final = {
    "all": "All",
    "waiting": "Waiting for a second person",
    "in_force": "In force",
    "ended": "Ended",
}
RELATIONS: Final = {
    "own": "It is the office's own case",
    "partner": "If a case of theirs overlaps with it",
    "state": "As your state's Attorney General",
}
RULES: Final = {
    "walled": "A conflict of interest is on record: nothing of this case shows to it.",
    "reader-not-participating": "It has no participation agreement in force.",
    "owner-not-participating": "Your office has no participation agreement in force.",
    "own-case": "It posted the case.",
    "disclosed": "The case's own setting shows this much.",
    "silent": "The case is set to silent, and nothing more was granted.",
    "granted": "A grant to it is in force.",
    "capped": "More was granted than any office in this position may see.",
    "role-without-grant": "None of its roles reads such cases.",
    "scope-missing": "None of its credentials reads such cases.",
}
FINDINGS: Final = {"justified": "Justified", "not_justified": "Not justified"}
READERS: Final = {"client": "A machine of theirs", "person": "A person"}
ABOUT: Final = {
    "cases": "Cases",
    "disclosures": "What was shown to your office",
    "people": "People and sign-ins",
    "machines": "Machine clients",
    "sharing": "Conflicts, emergencies and suppression",
    "handling": "Joint handling",
    "office": "Agreement and commitments",
}


def reach(line: AccessLine) -> str:
    """Return how far an office sees a case, in words."""
    return words.RUNGS[line.rung] if line.rung else "Nothing"


def rules(line: AccessLine) -> list[str]:
    """Return the sentences of the rules that decided."""
    return [RULES.get(reason, reason) for reason in line.reasons]


UNNAMED: Final = "an office that asked to be contacted first"
"""What a grant's office is called that the reader may not know."""


def actor(who: str, names: Mapping[str, str]) -> str:
    """Return who acted, as far as `names`, by id, know it."""
    kind = who.partition(":")[0]
    others = {"client": "A machine of your office", "office": "The other office"}
    return names.get(who) or others.get(kind, "A person of your office")


def given_by(grant: GrantRead, names: Mapping[str, str]) -> str:
    """Return whose act made a grant."""
    return actor(grant.granted_by, names)
