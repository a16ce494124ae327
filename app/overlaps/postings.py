"""What a post brings to the matcher: subjects with elements, no text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from app.identifiers.tokens import stored_token
from app.overlaps.facts import kinds_of, mask
from app.overlaps.rows import Profile
from app.overlaps.weights import kinds_of_numbers, number_mask

NOT_A_NAME = -1
"""The alias number of keys that are not of a name."""

Keys = Mapping[tuple[int, str], int]
"""The key of each stored subject by (case id, ref)."""


@dataclass(frozen=True)
class Name:
    """One alias: how rare the name is and its elements by kind of person key."""

    rarity: int
    elements: Mapping[str, bytes]


@dataclass(frozen=True)
class PostedSubject:
    """A subject with its names and its other identifiers as (kind, element) pairs."""

    ref: str
    kind: str
    names: Sequence[Name]
    identifiers: Sequence[tuple[str, bytes]]

    @cached_property
    def elements(self) -> list[tuple[str, int, bytes]]:
        """Kind, alias and element of each key."""
        named = [
            (kind, alias, element)
            for alias, name in enumerate(self.names)
            for kind, element in name.elements.items()
        ]
        return named + [(kind, NOT_A_NAME, element) for kind, element in self.identifiers]

    @property
    def masks(self) -> list[int]:
        """Which person keys each alias has."""
        return [mask(name.elements) for name in self.names]

    @property
    def numbers(self) -> int:
        """Which strong kinds it has, as `scoring.number_mask`."""
        return number_mask(kind for kind, _ in self.identifiers)


@dataclass(frozen=True)
class Posting:
    """One case to (re)register; `is_new` spares looking for what it held before.

    `is_hidden` says that other offices may not know of it, as far as that is known when it is
    posted.
    """

    case_id: int
    is_new: bool
    subjects: Sequence[PostedSubject]
    is_hidden: bool = False


def stored_posting(case_id: int, subjects: Sequence[Profile]) -> Posting:
    """Return a stored case as it would be posted, for scoring: which keys, no elements."""
    return Posting(
        case_id,
        is_new=False,
        subjects=[
            PostedSubject(
                ref=subject.ref,
                kind=subject.kind,
                names=[
                    Name(rarity, dict.fromkeys(kinds_of(keys), b""))
                    for rarity, keys in zip(subject.rarities, subject.kinds, strict=True)
                ],
                identifiers=[(kind, b"") for kind in kinds_of_numbers(subject.numbers)],
            )
            for subject in subjects
        ],
        is_hidden=subjects[0].is_hidden,
    )


class Sighting(NamedTuple):
    """One token on one subject, ready to be stored; ordered by token. A tuple: there are many."""

    token: bytes
    case_id: int
    ref: str
    alias: int
    kind: str


def sightings_of(posting: Posting, token_key: bytes) -> list[Sighting]:
    """Return the sightings of a posting, each (token, subject, alias) once."""
    found = {
        (token, subject.ref, alias): Sighting(token, posting.case_id, subject.ref, alias, kind)
        for subject in posting.subjects
        for kind, alias, element in subject.elements
        for token in (stored_token(token_key, kind, element),)
    }
    return list(found.values())
