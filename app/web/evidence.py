"""Why an overlap was found: in a line, and how much each signal adds or takes. Pure.

A finding keeps its facts and its total. The weights of dates, middle initials and numbers follow
from the rules (docs/matching.md); what is left of the total is that of names and of what people
share, divided by what each is worth at most.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

from app.cases.overlap_schemas import FindingRead, OverlapRead, PersonFactsRead
from app.identifiers.kinds import KINDS
from app.overlaps.facts import PersonFacts
from app.overlaps.scoring import NAME_BITS, Prior
from app.overlaps.weights import (
    CONTACT_CAP,
    HOUSE_BITS,
    POSTCODE_BITS,
    contact_bits,
    number_bits,
)
from app.web import words

Weight = Literal["decisive", "strong", "moderate", "slight", "none", "against"]

_NAME: Final = 16.0
"""Bits of a full name of middling rarity; divides what is left, and is never shown."""
_STEPS: Final[tuple[tuple[float, Weight], ...]] = (
    (16.0, "decisive"),
    (9.0, "strong"),
    (5.0, "moderate"),
    (0.05, "slight"),
)
_RARITIES: Final = (
    "more than one person in four thousand has",
    "one person in some ten thousand has",
    "one person in some hundred thousand has",
    "at most one person in a million has",
)
"""Beside `NAME_BITS`."""
_ALIKE: Final = frozenset({"exact", "sound"})
_PLAIN: Final = frozenset({"agrees", "shared"})
"""Outcomes that a list of what agrees says by itself."""


@dataclass(frozen=True)
class Signal:
    """One signal of a finding."""

    kind: str
    """What was compared, such as `birth_date` or `tel`."""
    outcome: str
    """How it came out, such as `agrees`; never a value."""
    bits: float
    """What it adds to the total; negative: it speaks against."""

    @property
    def name(self) -> str:
        """Return what was compared in words, such as `Date of birth`."""
        return words.capitalized(words.kind_word(self.kind))

    @property
    def weight(self) -> Weight:
        """Return the same in a word."""
        if self.bits < 0:
            return "against"
        return next((word for least, word in _STEPS if self.bits >= least), "none")


def signals(finding: FindingRead, prior: Prior) -> list[Signal]:
    """Return the signals of a finding of a person, most telling first; none without its facts."""
    facts = finding.facts
    if facts is None or finding.strength is None:
        return []
    known = [*_of_dates(facts), *_of_numbers(facts, finding)]
    open_ones = [*_of_names(facts), *_of_contacts(facts)]
    left = finding.strength - prior.bits - sum(each.bits for each in known)
    adding = sum(each.bits for each in open_ones if each.bits > 0)
    against = sum(each.bits for each in open_ones if each.bits < 0)
    share = max(0.0, left - against) / adding if adding else 0.0
    divided = [
        replace(each, bits=each.bits * share) if each.bits > 0 else each for each in open_ones
    ]
    return sorted([*known, *divided], key=lambda each: -each.bits)


def rarity(finding: FindingRead, prior: Prior) -> str:
    """Return who has the name that two subjects share, as its weight tells; empty without one.

    Both names agree whole, or with a part of the date by sound: it is then of the commoner of the
    two. Else the weight says more of how they agree.
    """
    facts = finding.facts
    if facts is None or finding.strength is None:
        return ""
    levels = {facts.first_name, facts.last_name}
    is_dated = facts.birth_date not in {"differs", "unknown"}
    if levels != {"exact"} and not (levels <= _ALIKE and is_dated):
        return ""
    known = [*_of_dates(facts), *_of_numbers(facts, finding)]
    left = finding.strength - prior.bits - sum(each.bits for each in known)
    left -= contact_bits(
        dict.fromkeys(facts.shared, 2),
        prior.opposite_subjects,
        has_postcode=facts.postcode == "agrees",
        has_house=facts.house == "agrees",
        weak=_weak(finding),
    )
    names = _facts(first_name=facts.first_name, last_name=facts.last_name)
    told = zip(NAME_BITS, _RARITIES, strict=True)
    return min(told, key=lambda each: abs(names.bits(each[0]) - left))[1]


def reason(overlap: OverlapRead) -> str:
    """Return in a line why an overlap was found; where only kinds may be shown, what it is."""
    text = shared(overlap)
    likely = next((each.finding for each in overlap.findings if each.band is not None), None)
    if likely is not None and overlap.rung == "pointer":
        return words.FINDINGS[likely] + (f"; shared: {text}" if text else "")
    return words.capitalized(text or "identifier")


def shared(overlap: OverlapRead) -> str:
    """Return what agrees, most telling first: `name, date of birth and phone number`."""
    found = dict.fromkeys(each for finding in overlap.findings for each in agreeing(finding))
    return words.listed(list(found))


def agreeing(finding: FindingRead) -> list[str]:
    """Return what agrees, most telling first, in the words of the picture."""
    facts = finding.facts
    if facts is None:
        return words.kind_words(finding.kinds) if finding.finding == "shared_identifier" else []
    found = [*_of_dates(facts), *_of_numbers(facts, finding), *_of_contacts(facts)]
    found += _whole_name(_of_names(facts))
    found.sort(key=lambda each: -each.bits)
    return [_phrase(each) for each in found if each.bits > 0]


def _whole_name(names: list[Signal]) -> list[Signal]:
    """Return a first and a last name that agree alike as one signal."""
    if len({each.outcome for each in names}) == 1 < len(names):
        return [Signal("name", names[0].outcome, sum(each.bits for each in names))]
    return names


def _phrase(signal: Signal) -> str:
    word = words.kind_word(signal.kind)
    return word if signal.outcome in _PLAIN else f"{word} ({signal.outcome})"


def unknown(finding: FindingRead) -> list[str]:
    """Return what could not be compared, mostly because one of the two subjects lacks it.

    A postcode or a house is never among it: people move, so where it does not agree both may have
    one.
    """
    facts = finding.facts
    if facts is None:
        return []
    compared = [name for name in words.SIGNALS if name not in {"postcode", "house"}]
    return [words.kind_word(name) for name in compared if _level(facts, name) == "unknown"]


def _of_dates(facts: PersonFactsRead) -> list[Signal]:
    bits = {
        "birth_date": _facts(birth_date=facts.birth_date).bits(0),
        "middle_initial": _facts(middle_initial=facts.middle_initial).bits(0),
    }
    return [_signal(name, facts, bits[name]) for name in bits if _level(facts, name) != "unknown"]


def _of_names(facts: PersonFactsRead) -> list[Signal]:
    bits = {
        "last_name": _facts(last_name=facts.last_name).bits(_NAME),
        "first_name": _facts(first_name=facts.first_name).bits(_NAME),
    }
    return [_signal(name, facts, bits[name]) for name in bits if _level(facts, name) != "unknown"]


def _of_contacts(facts: PersonFactsRead) -> list[Signal]:
    kinds = [kind for kind in facts.shared if KINDS[kind].evidence in {"contact", "organization"}]
    each = CONTACT_CAP / len(kinds) if kinds else 0.0
    found = [Signal(kind, "shared", each) for kind in kinds]
    if facts.postcode == "agrees":
        found.append(_signal("postcode", facts, POSTCODE_BITS))
    if facts.house == "agrees":
        found.append(_signal("house", facts, HOUSE_BITS))
    return found


def _of_numbers(facts: PersonFactsRead, finding: FindingRead) -> list[Signal]:
    weak = _weak(finding)
    shared = [kind for kind in facts.shared if KINDS[kind].evidence in {"strong", "partial"}]
    return [
        *(Signal(kind, "agrees", number_bits([kind], [], weak)) for kind in shared),
        *(Signal(kind, "differs", number_bits([], [kind])) for kind in facts.differing),
    ]


def _weak(finding: FindingRead) -> set[str]:
    return {each.kind for each in finding.suppressed if each.mode != "inform"}


def _facts(**levels: str) -> PersonFacts:
    nothing = dict.fromkeys(("last_name", "first_name", "birth_date", "middle_initial"), "unknown")
    return PersonFacts(**{**nothing, **levels})


def _level(facts: PersonFactsRead, name: str) -> str:
    level: str = getattr(facts, name)
    return level


def _signal(name: str, facts: PersonFactsRead, bits: float) -> Signal:
    outcome = words.LEVELS.get((name, _level(facts, name)), "differs")
    return Signal(name, outcome, bits)
