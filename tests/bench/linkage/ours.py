"""Linking by the product's own functions, in memory on unblinded match keys: quality, not secrecy.

What is left out, keys, blinding and the database, changes no pair: tests/invariants show it.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from app.identifiers.errors import IdentifierError
from app.identifiers.match_keys import (
    Alias,
    MatchKey,
    PersonName,
    address_keys,
    person_aliases,
    phone_key,
)
from app.overlaps.detection import gather, overlaps_of
from app.overlaps.postings import Name, PostedSubject, Posting, Sighting
from app.overlaps.queries import OFFICE_LIMIT, PER_OFFICE_LIMIT
from app.overlaps.rows import FoundOverlap, Match, Profile
from app.overlaps.scoring import POSSIBLE, Prior
from tests.bench.linkage.records import THEIRS, LinkageSet, Quality, Record

BANDS: Final = ("strong", "probable", "possible")


@dataclass(frozen=True)
class Judged:
    """A pair of records that was found, its score in bits, and whether it is true."""

    strength: int
    band: str
    is_true: bool


def subject_of(record: Record, ref: str, fields: Collection[str] = ()) -> PostedSubject:
    """Return a record as the subject that an office would post.

    Args:
        record: As the office has it. What is no identifier is left out, as the client does.
        ref: The subject's ref.
        fields: Which of `address`, `ssn`, `phone` to use besides names and dates.
    """
    keys: list[MatchKey] = []
    if "address" in fields:
        keys += _address(record)
    if "ssn" in fields and record.ssn:
        keys += [MatchKey("ssn", (record.ssn.replace("-", ""),))]
    if "phone" in fields:
        keys += [phone_key(phone) for phone in record.phones]
    names = [
        Name(alias.rarity, {key.kind: key.input for key in alias.keys})
        for alias in _aliases(record, fields)
    ]
    identifiers = [(key.kind, key.input) for key in dict.fromkeys(keys)]
    return PostedSubject(ref, "person", names, identifiers)


def _aliases(record: Record, fields: Collection[str]) -> list[Alias]:
    for born in (record.born, ""):  # an unreadable date is left out, the name stays
        try:
            return person_aliases([PersonName(record.given, record.surname, record.middle, born)])
        except IdentifierError:
            continue
    return []


def _address(record: Record) -> Sequence[MatchKey]:
    try:
        return address_keys(
            record.street,
            record.postcode,
            number=record.number,
            unit=record.unit,
            region=record.region,
        )
    except IdentifierError:
        return ()


def link(
    mine: Sequence[PostedSubject], theirs: Sequence[PostedSubject], prior: Prior
) -> list[FoundOverlap]:
    """Return the overlaps that posting `mine` after `theirs` finds, each subject a case."""
    posted, stored = _sightings(mine), _sightings(theirs)
    holders = Counter(
        key for key, _, _ in {(s.token, s.case_id, s.ref) for s in chain(posted, stored)}
    )
    known = {sighting.token for sighting in posted}
    profiles = [
        Profile(
            number + THEIRS,
            number + THEIRS,
            2,
            person.ref,
            person.kind,
            [name.rarity for name in person.names],
            person.masks,
            person.numbers,
        )
        for number, person in enumerate(theirs)
    ]
    matching = [Match(s.token, s.alias, profiles[s.case_id]) for s in stored if s.token in known]
    postings = [Posting(number, True, [person]) for number, person in enumerate(mine)]  # noqa: FBT003 -- a field
    return overlaps_of(postings, 1, gather(posted, matching, holders), prior)


def _sightings(people: Sequence[PostedSubject]) -> list[Sighting]:
    return [
        Sighting(key, number, person.ref, alias, kind)
        for number, person in enumerate(people)
        for kind, alias, key in person.elements
    ]


def judge(linked: LinkageSet, found: Sequence[FoundOverlap]) -> list[Judged]:
    """Return the pairs of `link` that point to one person, with the truth of each."""
    return [
        Judged(pair.strength, pair.band, linked.is_true(low, high))
        for pair in found
        for low, high in ((pair.low_case_id, pair.high_case_id - THEIRS),)
        if pair.band in BANDS and linked.counts(low, high)
    ]


def quality(linked: LinkageSet, judged: Sequence[Judged], least: float = POSSIBLE) -> Quality:
    """Return the quality at a threshold in bits."""
    kept = [pair for pair in judged if pair.strength >= round(least)]
    return Quality(len(kept), sum(pair.is_true for pair in kept), linked.true_pairs)
