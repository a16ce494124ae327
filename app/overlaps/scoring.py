"""How likely two subjects are the same person: Fellegi-Sunter over attribute facts.

Twelve agreeing keys are one name and one date, so weights are given to what the keys prove about
four attributes, not to the keys (docs/matching.md). Pure; bits are base-2 logarithms of odds.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.identifiers.kinds import KINDS

STRONG: Final = math.log2(0.99 / 0.01)
PROBABLE: Final = math.log2(0.9 / 0.1)
POSSIBLE: Final = math.log2(0.2 / 0.8)
"""Bits at which a pair is reported: 99 %, 90 % and 20 % chance of being the same person."""

CONTACT_CAP: Final = 12.0
"""Most bits that shared phones and addresses can add: many people share them."""

_NAME_BITS: Final = (10.5, 14.0, 18.0, 21.0)
"""Bits of a full name by rarity, common to rare; the first name has 45 % of them, the last 55 %."""

DATE_BITS: Final = {
    "full": 14.1,
    "swapped": 8.4,
    "two_parts": 6.0,
    "day_month": 4.3,
    "differs": -4.6,
}
_DATES_AGREE: Final = frozenset(DATE_BITS) - {"differs"}
_MIDDLE_BITS: Final = {"agrees": 3.7, "differs": -6.3}


def mask(kinds: Iterable[str]) -> int:
    """Return person-key kinds as a bit mask: bit `code - 1` of each."""
    return sum(1 << KINDS[kind].code - 1 for kind in set(kinds))


def _m(names: str) -> int:
    return mask(f"p.{name}" for name in names.split())


_FIRST_EXACT, _FIRST_SOUND, _FIRST_INITIAL = _m("nmd n"), _m("xx fd nym nyd nsw nm"), _m("id imd")
_LAST_EXACT, _LAST_SOUND, _LAST_INITIAL = _m("nmd nym nyd nsw n"), _m("xx ld nm lmd"), _m("id")
_FULL_DATE = _m("xx ld fd id lmd imd")
_DATED, _MIDDLE = _FULL_DATE | _m("nmd nym nyd nsw"), _m("nm lmd imd")
_YEAR_MONTH, _YEAR_DAY, _DAY_MONTH, _SWAPPED = _m("nym"), _m("nyd"), _m("nmd"), _m("nsw")


@dataclass(frozen=True)
class Prior:
    """What is known before any evidence: how many could match and how many should."""

    opposite_subjects: int
    expected_matches: float

    @property
    def bits(self) -> float:
        """Return the prior odds in bits; negative."""
        return -math.log2(self.opposite_subjects / self.expected_matches)


@dataclass(frozen=True)
class PersonFacts:
    """What agreeing keys prove about two names with dates of birth."""

    last_name: str
    first_name: str
    birth_date: str
    middle_initial: str

    def bits(self, name: float) -> float:
        """Return the weight of the facts, given how many bits the full name is worth."""
        first = _name_weights(0.45 * name, exact=1.0, sound=1.5, initial=2.7, differs=-4.3)
        last = _name_weights(0.55 * name, exact=0.8, sound=1.8, initial=3.1, differs=-4.6)
        return (
            first.get(self.first_name, 0.0)
            + last.get(self.last_name, 0.0)
            + DATE_BITS.get(self.birth_date, 0.0)
            + _MIDDLE_BITS.get(self.middle_initial, 0.0)
        )


def _name_weights(
    name: float, *, exact: float, sound: float, initial: float, differs: float
) -> dict[str, float]:
    """Return the weight of each level of agreement of a name that is worth `name` bits.

    A weaker agreement never weighs more than a stronger one: an initial says little about a name
    that is common to begin with.
    """
    by_exact = max(name - exact, differs)
    by_sound = min(by_exact, max(name - 2, 3) - sound)
    return {
        "exact": by_exact,
        "sound": by_sound,
        "initial": min(by_sound, initial),
        "differs": differs,
    }


def person_facts(shared: int, mine: int, theirs: int) -> PersonFacts:
    """Return what the shared keys prove, given the keys that each name has.

    An attribute that one of the two names lacks is `unknown`; one that both have and no shared
    key proves is `differs`.
    """
    both = mine & theirs
    last = _level(
        shared, both, (_LAST_EXACT, "exact"), (_LAST_SOUND, "sound"), (_LAST_INITIAL, "initial")
    )
    first = _level(
        shared, both, (_FIRST_EXACT, "exact"), (_FIRST_SOUND, "sound"), (_FIRST_INITIAL, "initial")
    )
    date = _birth_date(shared, mine, theirs)
    return PersonFacts(last, first, date, _middle(shared, both, last, first, date))


def _level(shared: int, both: int, *levels: tuple[int, str]) -> str:
    for kinds, level in levels:
        if shared & kinds:
            return level
    return "differs" if any(both & kinds for kinds, _ in levels) else "unknown"


def _birth_date(shared: int, mine: int, theirs: int) -> str:
    parts = sum(1 for part in (_YEAR_MONTH, _YEAR_DAY, _DAY_MONTH) if shared & part)
    if shared & _FULL_DATE or parts > 1:
        return "full"
    if shared & _SWAPPED:
        return "swapped"
    if shared & (_YEAR_MONTH | _YEAR_DAY):
        return "two_parts"
    if shared & _DAY_MONTH:
        return "day_month"
    return "differs" if mine & _DATED and theirs & _DATED else "unknown"


def _middle(shared: int, both: int, last: str, first: str, date: str) -> str:
    if shared & _MIDDLE:
        return "agrees"
    sounds = {"exact", "sound"}
    seen = (
        (both & _m("lmd") and last in sounds and date == "full")
        or (both & _m("imd") and first in {*sounds, "initial"} and date == "full")
        or (both & _m("nm") and last in sounds and first in sounds)
    )
    return "differs" if seen else "unknown"


def name_bits(rarity: int, holders: int, population: int) -> float:
    """Return how rare a full name is: by the table, or by the registry where that says commoner.

    Args:
        rarity: That of the commoner of the two names, 0 to 3, from the shipped population table.
        holders: Subjects with exactly this name, the two compared included; 0 if not known. Any
            third one shows that the name is commoner than the table says.
        population: How many subjects could hold it.
    """
    others = holders - 2
    return (
        _NAME_BITS[rarity]
        if others < 1
        else min(_NAME_BITS[rarity], math.log2(population / others))
    )


def contact_bits(holders: Mapping[str, int], population: int) -> float:
    """Return the weight of shared phones and addresses, capped at `CONTACT_CAP`.

    Args:
        holders: For each shared kind, how many subjects hold the rarest shared token of it.
        population: How many subjects could hold it.
    """
    weights = {
        kind: min(CONTACT_CAP, math.log2(0.6 / max(1e-7, (count - 1) / population)))
        for kind, count in holders.items()
    }
    if "addr" in weights:
        weights.pop("addr0", None)  # the same address without its unit
    return max(0.0, min(CONTACT_CAP, sum(weights.values())))


def band_of(bits: float) -> str | None:
    """Return the band of a score, or None below the least one."""
    for least, band in ((STRONG, "strong"), (PROBABLE, "probable"), (POSSIBLE, "possible")):
        if bits >= least:
            return band
    return None


@dataclass(frozen=True)
class NamePair:
    """Two names that share a key: what they share, what each has, and how rare the name is."""

    shared: int
    mine: int
    theirs: int
    rarity: int
    """That of the commoner of the two names."""
    holders: int
    """Subjects with exactly this name in the registry; 0 when the name is not exactly shared."""


def same_person(
    pairs: Sequence[NamePair], contacts: Mapping[str, int], prior: Prior
) -> dict[str, Any] | None:
    """Return the finding that two subjects are possibly the same person, or None.

    A name alone, with neither a date of birth nor a contact that agrees, is never more than
    `possible`, and how common it is in the registry then counts. With a date it does not: ten
    offices after one person are not ten namesakes.

    Args:
        pairs: The pairs of names of the two subjects that share a key; at least one.
        contacts: As `holders` of `contact_bits`.
        prior: The odds before the evidence.
    """
    population = prior.opposite_subjects
    scored = []
    for pair in pairs:
        facts = person_facts(pair.shared, pair.mine, pair.theirs)
        holders = 0 if facts.birth_date in _DATES_AGREE else pair.holders
        scored.append((facts.bits(name_bits(pair.rarity, holders, population)), facts))
    weight, facts = max(scored, key=lambda item: item[0])
    bits = weight + contact_bits(contacts, population) + prior.bits
    band = band_of(bits)
    if band is None:
        return None
    if facts.birth_date not in _DATES_AGREE and not contacts:
        band = "possible"
    shown = {**vars(facts), "shared": sorted(contacts)}
    return {
        "finding": "same_person",
        "band": band,
        "strength": round(bits),
        "facts": shown,
        "explanation": explain(shown),
    }


_PHRASES: Final = {
    ("last_name", "exact"): "last name",
    ("last_name", "sound"): "last name (sound)",
    ("last_name", "initial"): "last initial",
    ("first_name", "exact"): "first name",
    ("first_name", "sound"): "first name (sound)",
    ("first_name", "initial"): "first initial",
    ("birth_date", "full"): "full birth date",
    ("birth_date", "swapped"): "birth date with day and month swapped",
    ("birth_date", "two_parts"): "birth year with month or day",
    ("birth_date", "day_month"): "birth day and month",
    ("middle_initial", "agrees"): "middle initial",
}
_CONTACTS: Final = {"tel": "a phone number", "addr": "an address", "addr0": "a street address"}


def explain(facts: Mapping[str, Any]) -> str:
    """Return the facts as a sentence: kinds and levels, never a value."""
    agree = [phrase for (name, level), phrase in _PHRASES.items() if facts[name] == level]
    differ = [
        name.replace("_", " ") for name in PersonFacts.__annotations__ if facts[name] == "differs"
    ]
    shared = [
        _CONTACTS[kind]
        for kind in facts["shared"]
        if kind != "addr0" or "addr" not in facts["shared"]
    ]
    parts = [f"{_listed(agree)} agree{'s' if len(agree) == 1 else ''}"] if agree else []
    parts += [f"{_listed(differ)} differ{'s' if len(differ) == 1 else ''}"] if differ else []
    parts += [f"shared: {_listed(shared)}"] if shared else []
    text = "; ".join(parts) + "."
    return text[0].upper() + text[1:]


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]
