"""FEBRL4 as two offices' cases, matched in memory on unblinded match keys: quality, not secrecy."""

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

import app.demo
from app.identifiers.errors import IdentifierError
from app.identifiers.match_keys import PersonName, person_aliases
from app.overlaps.detection import gather, overlaps_of
from app.overlaps.postings import Name, PostedSubject, Posting, Sighting
from app.overlaps.rows import FoundOverlap, Match, Profile
from app.overlaps.scoring import Prior

DATA: Final = Path(app.demo.__file__).parent / "data" / "febrl"
THEIRS: Final = 1_000_000
"""Added to the other office's case numbers."""


@dataclass(frozen=True)
class Quality:
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / (self.precision + self.recall)


def read(name: str) -> dict[int, PostedSubject]:
    """Return the people of one file by the number that true pairs share."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, skipinitialspace=True))
    return {int(row["rec_id"].split("-")[1]): _subject(row) for row in rows}


def _subject(row: Mapping[str, str]) -> PostedSubject:
    name = PersonName(row["given_name"], row["surname"], born=row["date_of_birth"])
    try:
        aliases = person_aliases([name])
    except IdentifierError:  # a file of errors made on purpose has dates that are none
        aliases = []
    names = [Name(alias.rarity, {key.kind: key.input for key in alias.keys}) for alias in aliases]
    return PostedSubject(row["rec_id"], "person", names, ())


def _sightings(people: Mapping[int, PostedSubject]) -> list[Sighting]:
    return [
        Sighting(key, number, person.ref, alias, kind)
        for number, person in people.items()
        for kind, alias, key in person.elements
    ]


def link(
    mine: Mapping[int, PostedSubject], theirs: Mapping[int, PostedSubject], prior: Prior
) -> list[FoundOverlap]:
    """Return the overlaps that posting `mine` after `theirs` finds."""
    posted, stored = _sightings(mine), _sightings(theirs)
    holders = Counter(
        key for key, _, _ in {(s.token, s.case_id, s.ref) for s in chain(posted, stored)}
    )
    known = {sighting.token for sighting in posted}
    profiles = {
        number: Profile(
            number + THEIRS,
            number + THEIRS,
            2,
            person.ref,
            [name.rarity for name in person.names],
            person.masks,
        )
        for number, person in theirs.items()
    }
    matching = [Match(s.token, s.alias, profiles[s.case_id]) for s in stored if s.token in known]
    postings = [Posting(number, True, [person]) for number, person in mine.items()]  # noqa: FBT003 -- a field
    return overlaps_of(postings, 1, gather(posted, matching, holders), prior)


def quality(found: list[FoundOverlap], true: int) -> Quality:
    """Compare pairs with the truth: equal numbers are the same person."""
    right = sum(pair.low_case_id == pair.high_case_id - THEIRS for pair in found)
    return Quality(right / len(found), right / true)
