"""How likely two subjects are the same: Fellegi-Sunter over facts, not over keys.

Twelve agreeing keys are one name and one date, so weights are given to what the keys prove about
each attribute (docs/matching.md). Pure; bits are base-2 logarithms of odds.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.identifiers.kinds import KINDS
from app.overlaps.explanations import explain_organization, explain_person
from app.overlaps.facts import NamePair, sound_bits
from app.overlaps.weights import (
    CONTACT_CAP,
    contact_bits,
    kinds_of_numbers,
    most_of,
    number_bits,
)

STRONG: Final = math.log2(0.99 / 0.01)
PROBABLE: Final = math.log2(0.9 / 0.1)
POSSIBLE: Final = math.log2(0.2 / 0.8)
"""Bits at which a pair is reported: 99 %, 90 % and 20 % chance of being the same."""

RELATIVE_BITS: Final = 1.0
"""Most that contacts can bring a pair of other first names to where no number agrees, less or more
by the middle initial: relatives share an address and, as twins or in a careless record, a date."""

PERSON_FLOOR: Final = -6.0
"""Least that names and dates can say where such a number agrees: people have false papers too."""

_ORGANIZATION_BITS: Final = {"fein": 22.0, "flc": 22.0, "org": 12.0}
_ADDRESS_BITS: Final = 6.0
"""What an address adds for organizations: many firms have the address of one agent."""

NAME_BITS: Final = (10.5, 14.0, 18.0, 21.0)
"""Bits of a full name by rarity, that of the commoner of two names, common to rare."""

_TABLE_TRUST: Final = 0.005
"""For how many namesakes seen the population table stands: few, as it may be of other people."""


@dataclass(frozen=True)
class Prior:
    """What is known before any evidence: how many could match and how many should."""

    opposite_subjects: int
    expected_matches: float

    @property
    def bits(self) -> float:
        """Return the prior odds in bits; negative."""
        return -math.log2(self.opposite_subjects / self.expected_matches)


def name_bits(table: float, holders: int, population: int) -> float:
    """Return how rare an undated name is: by the table, or by the registry if commoner there.

    The share of people with a name has a gamma distribution about what the table says; each
    holder but the two compared is one more who has it.

    Args:
        table: What the shipped population table says.
        holders: Subjects with the name, the two compared included; 0 if not known.
        population: How many subjects could hold it.
    """
    seen = _TABLE_TRUST + max(0, holders - 2)
    among = _TABLE_TRUST * 2**table + population
    return min(table, math.log2(among / seen)) if holders else table


def band_of(bits: float) -> str | None:
    """Return the band of a score, or None below the least one."""
    for least, band in ((STRONG, "strong"), (PROBABLE, "probable"), (POSSIBLE, "possible")):
        if bits >= least:
            return band
    return None


@dataclass(frozen=True)
class Score:
    """How likely two subjects are one person, and what says so.

    Attributes:
        bits: binary logarithm of the odds, prior included.
        pair: the pair of names that counted; None if one subject has no name.
        differing: strong kinds that both subjects have and do not share, of which a person has one.
        is_name_alone: whether nothing but names agrees.
    """

    bits: float
    pair: NamePair | None
    differing: Sequence[str]
    is_name_alone: bool


def score(
    pairs: Iterable[NamePair],
    shared: Mapping[str, int],
    prior: Prior,
    numbers: int = 0,
    weak: Collection[str] = (),
) -> Score:
    """Return the score of the pair of names that fits best, with everything else that is shared.

    Only the best pair counts, so a further alias never lowers the score. Of pairs that weigh the
    same the one with the more telling keys does, whichever office posted last.

    Args:
        pairs: The pairs of names of the two subjects; empty if one has none.
        shared: As `holders` of `contact_bits`, of every kind that is not a name.
        prior: The odds before the evidence.
        numbers: Mask of the strong kinds that both subjects have.
        weak: The shared kinds that a suppression list gives less weight.
    """
    population = prior.opposite_subjects
    # licenses and passports of two issuers differ rightly, and the issuer is not known here
    differing = [
        kind for kind in kinds_of_numbers(numbers) if kind not in shared and not KINDS[kind].of
    ]
    has_number = any(KINDS[kind].evidence == "strong" for kind in shared)
    is_sure = any(KINDS[kind].evidence == "strong" for kind in shared if kind not in weak)
    least = PERSON_FLOOR if is_sure else -math.inf
    by_number = number_bits(shared, differing, weak) + prior.bits
    best: Score | None = None
    best_rank = (-math.inf, 0, 0)
    for pair in pairs:
        facts = pair.facts
        contact = contact_bits(
            shared,
            population,
            has_postcode=facts.postcode == "agrees",
            has_house=facts.house == "agrees",
            weak=weak,
        )
        bits = _person_bits(pair, contact, population, least=least) + by_number
        if facts.first_name == "differs" and not is_sure:
            without = _person_bits(pair, 0.0, population, least=least) + by_number
            bits = max(without, min(bits, RELATIVE_BITS + facts.middle_bits))
        rank = bits, pair.shared, pair.mine & pair.theirs
        if best is None or rank > best_rank:
            best_rank = rank
            alone = not (facts.is_dated or contact or has_number or "ssn4" in shared)
            best = Score(bits, pair, differing, alone)
    if best is None:
        bits = contact_bits(shared, population, weak=weak) + by_number
        return Score(bits, None, differing, is_name_alone=False)
    return best


def _person_bits(pair: NamePair, contact: float, population: int, *, least: float) -> float:
    """Return the weight of a pair of names with the contacts that are shared beside it.

    How common a name is in the registry counts only without a date: ten offices after one person
    are not ten namesakes. Where the dates contradict, a relative named alike is as likely as an
    error: then no name is rarer than one subject of the registry, unless the middle initial agrees
    and no contact is counted, which relatives share.
    """
    facts, table = pair.facts, NAME_BITS[pair.rarity]
    if facts.is_dated:
        return max(least, pair.bits(table)) + contact
    if not pair.holders:
        sounds = sound_bits(table)
        common = sounds - name_bits(sounds, pair.alike, population)
        return max(least, pair.bits(table) - common) + contact
    rare = name_bits(table, pair.holders, population)
    if facts.birth_date == "unknown":
        return max(least, pair.bits(rare)) + contact
    most = math.log2(population / max(1, pair.holders - 1))
    beside_contact = max(least, pair.bits(min(rare, most))) + contact
    if facts.middle_initial != "agrees":
        return beside_contact
    return max(beside_contact, least, pair.bits(rare))


def same_person(
    pairs: Sequence[NamePair],
    shared: Mapping[str, int],
    prior: Prior,
    numbers: int = 0,
    weak: Collection[str] = (),
) -> dict[str, Any] | None:
    """Return the finding that two subjects are possibly the same person, or None.

    A name alone never makes one: a part of the date of birth, a contact, a postcode, a house or
    a number has to agree too. The arguments are those of `score`.
    """
    found = score(pairs, shared, prior, numbers, weak)
    band = None if found.is_name_alone else band_of(found.bits)
    if band is None:
        return None
    return {
        "finding": "same_person",
        "band": band,
        "strength": round(found.bits),
        "first_differs": found.pair is not None and found.pair.first_differs,
        **explain_person(found.pair.facts if found.pair else None, shared, found.differing),
    }


def same_organization(
    shared: Mapping[str, int], prior: Prior, weak: Collection[str] = ()
) -> dict[str, Any] | None:
    """Return the finding that two subjects are possibly the same organization, or None.

    An address alone never makes it: a registration number or the name has to agree.
    """
    weights = [most_of(kind, weak, _ORGANIZATION_BITS.get(kind, 0.0)) for kind in shared]
    if not any(weights):
        return None
    others = {kind: count for kind, count in shared.items() if kind not in _ORGANIZATION_BITS}
    addresses = {"addr", "addr0"} & others.keys()
    address = max((most_of(kind, weak, _ADDRESS_BITS) for kind in addresses), default=0.0)
    contacts = {kind: count for kind, count in others.items() if kind not in {"addr", "addr0"}}
    contact = min(CONTACT_CAP, address + contact_bits(contacts, prior.opposite_subjects, weak=weak))
    bits = sum(weights) + contact + prior.bits
    band = band_of(bits)
    if band is None:
        return None
    return {
        "finding": "same_organization",
        "band": band,
        "strength": round(bits),
        **explain_organization(shared),
    }
