"""What shared identifiers weigh, in bits: contacts, numbers of one person. Pure."""

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from app.identifiers.kinds import KINDS

CONTACT_CAP: Final = 12.0
"""Most bits that everything that people share or pass on can add, all of it together."""

POSTCODE_BITS: Final = 7.0
HOUSE_BITS: Final = 10.0
"""What a common postcode or house adds to a name; a shared address says them already."""

NUMBER_AGREES: Final = 22.0
NUMBER_DIFFERS: Final = -4.0
"""A number that one person has, of a kind that both subjects have; wrong ones are not so rare."""

PARTIAL_BITS: Final = 10.0
"""The last four digits of a number: one in 10,000, less what is mistyped."""

SUPPRESSED_BITS: Final = 3.0
"""Most that a shared kind adds that is on a suppression list with `down_weight`."""

_FIRST_NUMBER: Final = 40
"""Code of the first strong kind, bit 0 in a mask of numbers."""


def number_mask(kinds: Iterable[str]) -> int:
    """Return which strong kinds are among `kinds` as a bit mask: bit `code - 40` of each."""
    codes = {KINDS[kind].code for kind in kinds if KINDS[kind].evidence == "strong"}
    return sum(1 << code - _FIRST_NUMBER for code in codes)


def kinds_of_numbers(numbers: int) -> list[str]:
    """Return the strong kinds of a mask of `number_mask`, in the order of their codes."""
    return [
        kind.name
        for kind in KINDS.values()
        if kind.evidence == "strong" and numbers >> kind.code - _FIRST_NUMBER & 1
    ]


def contact_bits(
    holders: Mapping[str, int],
    population: int,
    *,
    has_postcode: bool = False,
    has_house: bool = False,
    weak: Collection[str] = (),
) -> float:
    """Return the weight of shared contacts: phones, addresses, accounts, vehicles; capped.

    Args:
        holders: For each shared kind, how many subjects hold the rarest shared token of it.
            Kinds that are more than a contact count for nothing here.
        population: How many subjects could hold it.
        has_postcode: Whether a key proves that a postcode is shared too.
        has_house: Whether one proves that of a house number and a street.
        weak: The kinds that a suppression list gives less weight.
    """
    weights = {
        kind: min(
            most_of(kind, weak, CONTACT_CAP), math.log2(0.6 / max(1e-7, (count - 1) / population))
        )
        for kind, count in holders.items()
        if KINDS[kind].evidence in {"contact", "organization"}
    }
    if "addr" in weights:
        weights.pop("addr0", None)  # the same address without its unit
    if not {"addr", "addr0"} & holders.keys():
        weights["postcode"] = POSTCODE_BITS * has_postcode
        weights["house"] = HOUSE_BITS * has_house
    return max(0.0, min(CONTACT_CAP, sum(weights.values())))


def number_bits(
    shared: Iterable[str], differing: Iterable[str], weak: Collection[str] = ()
) -> float:
    """Return the weight of numbers that one person has: those that agree and those that differ."""
    agree = {"strong": 0.0, "partial": 0.0}
    for kind in shared:
        evidence = KINDS[kind].evidence
        if evidence in agree:
            most = NUMBER_AGREES if evidence == "strong" else PARTIAL_BITS
            agree[evidence] += most_of(kind, weak, most)
    return (agree["strong"] or agree["partial"]) + NUMBER_DIFFERS * len(list(differing))


def most_of(kind: str, weak: Collection[str], otherwise: float) -> float:
    """Return what a kind weighs, less where a suppression list gives it less."""
    return min(SUPPRESSED_BITS, otherwise) if kind in weak else otherwise
