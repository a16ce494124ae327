"""Linking by the product's own functions, in memory on unblinded match keys: quality, not secrecy.

What is left out, keys, blinding and the database, changes no pair: tests/invariants show it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import process_time
from typing import Final

from app.identifiers.addresses import Place, place_of
from app.identifiers.errors import IdentifierError
from app.identifiers.kinds import KINDS
from app.identifiers.match_keys import (
    Alias,
    MatchKey,
    PersonName,
    address_keys,
    person_aliases,
)
from app.overlaps.detection import gather, name_pairs, overlaps_of
from app.overlaps.postings import Name, PostedSubject, Posting, Sighting
from app.overlaps.rows import Holders, Match, Profile
from app.overlaps.scoring import POSSIBLE, Prior, score
from tests.bench.linkage.records import THEIRS, LinkageSet, Quality, Record

BANDS: Final = ("strong", "probable", "possible")


@dataclass(frozen=True)
class Judged:
    """A pair of records that share evidence, its score, and whether it is true."""

    bits: float
    band: str | None
    """That of the overlap; None where the rules make none of it, as of a name alone."""
    is_true: bool


@dataclass(frozen=True)
class Run:
    """What linking one set came to."""

    judged: Sequence[Judged]
    tokens: float
    """Tokens per person, the mean."""
    seconds: float
    """Processor time."""


def run(linked: LinkageSet, fields: Collection[str] = ()) -> Run:
    """Derive the keys of both sides, gather what they share, score it and judge it."""
    began = process_time()
    mine = _subjects(linked.mine, fields)
    theirs = mine if linked.theirs is None else _subjects(linked.theirs, fields)
    prior = Prior(len(theirs), 1.0)
    evidence = {
        pair: shared
        for pair, shared in gather(*_posted(mine, theirs, linked.offices)).items()
        if linked.counts(pair[0], pair[2] - THEIRS)
    }
    postings = [Posting(number, True, [person]) for number, person in enumerate(mine)]  # noqa: FBT003 -- a field
    bands = {
        (pair.low_case_id, pair.high_case_id - THEIRS): pair.band
        for pair in overlaps_of(postings, 1, evidence, prior)
        if pair.band in BANDS
    }
    judged = []
    for (number, _, key), shared in evidence.items():
        other = key - THEIRS
        subject, numbers = mine[number], mine[number].numbers & theirs[other].numbers
        found = score(name_pairs(subject, shared), shared.shared, prior, numbers)
        is_true = linked.is_true(number, other)
        judged.append(Judged(found.bits, bands.get((number, other)), is_true))
    tokens = sum(len(subject.elements) for subject in mine) / len(mine)
    return Run(judged, tokens, process_time() - began)


def _subjects(records: Sequence[Record], fields: Collection[str]) -> list[PostedSubject]:
    return [subject_of(record, str(number), fields) for number, record in enumerate(records)]


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
        keys += [MatchKey("tel", (phone,)) for phone in record.phones]
    names = [
        Name(alias.rarity, {key.kind: key.input for key in alias.keys})
        for alias in _aliases(record, fields)
    ]
    identifiers = [(key.kind, key.input) for key in dict.fromkeys(keys)]
    return PostedSubject(ref, "person", names, identifiers)


def _aliases(record: Record, fields: Collection[str]) -> list[Alias]:
    places = [_place(record)] if "address" in fields else []
    name = PersonName(record.given, record.surname, record.middle, record.born)
    for each in (name, replace(name, born=""), replace(name, surname="")):
        try:  # an unreadable date or a surname such as UNKNOWN is left out, the rest stays
            return person_aliases([each], places)
        except IdentifierError:
            continue
    return []


def _place(record: Record) -> Place:
    return place_of(record.street, record.postcode, number=record.number, region=record.region)


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


def _posted(
    mine: Sequence[PostedSubject], theirs: Sequence[PostedSubject], offices: int
) -> tuple[list[Sighting], list[Match], Mapping[bytes, int]]:
    """Return what `gather` takes when `mine` is posted after `theirs`, each subject a case."""
    posted, stored = _sightings(mine), _sightings(theirs)
    holders = _holders(posted)
    if theirs is not mine:  # a record and its own copy are one holder
        holders += _holders(stored)
    known = {sighting.token for sighting in posted}
    common = _common(posted, stored, offices)
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
    matching = [
        Match(s.token, s.alias, profiles[s.case_id], is_common=s.token in common)
        for s in stored
        if s.token in known
    ]
    return posted, matching, holders


def _holders(sightings: Iterable[Sighting]) -> Counter[bytes]:
    return Counter(token for token, _ in {(s.token, s.case_id) for s in sightings})


def _common(
    posted: Iterable[Sighting], stored: Iterable[Sighting], offices: int
) -> Collection[bytes]:
    """Return the tokens of common values; two offices alone make none."""
    if offices == 1:
        return ()
    subjects = {
        (s.token, KINDS[s.kind].code, (side, s.case_id % offices), s.case_id)
        for side, sightings in enumerate((posted, stored))
        for s in sightings
    }
    by_office = Counter(subject[:3] for subject in subjects)
    held: dict[tuple[bytes, int], Holders] = defaultdict(Holders)
    for (token, kind, _), count in by_office.items():
        held[token, kind] = held[token, kind].moved(0, count)
    return {token for (token, kind), holders in held.items() if holders.reason(kind)}


def _sightings(people: Sequence[PostedSubject]) -> list[Sighting]:
    return [
        Sighting(key, number, person.ref, alias, kind)
        for number, person in enumerate(people)
        for kind, alias, key in person.elements
    ]


def quality(
    linked: LinkageSet, judged: Iterable[Judged], *, with_names_alone: bool = False
) -> Quality:
    """Return the quality of the overlaps, or of every score that reaches the least band."""
    kept = [
        pair.is_true
        for pair in judged
        if (pair.bits >= POSSIBLE if with_names_alone else pair.band is not None)
    ]
    return Quality(len(kept), sum(kept), linked.true_pairs)


def best_f1(linked: LinkageSet, judged: Iterable[Judged]) -> float:
    """Return the F1 of the best threshold of this set, which nobody knows beforehand."""
    best, right = 0.0, 0
    for found, pair in enumerate(sorted(judged, key=lambda pair: -pair.bits), start=1):
        right += pair.is_true
        best = max(best, Quality(found, right, linked.true_pairs).f1)
    return best
