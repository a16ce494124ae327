"""What the matcher does to a population in which no two records are the same person.

python -m tests.bench.population --people 1000000

Draws households with US names, dates and addresses, posts a sample of the people against a registry
of all the others, and prints the overlaps found, every one of them false, by band; how often the
commonest tokens of each kind occur; and what rank-matching them with another draw of the same
population tells (the frequency attack). Keys are derived by the product's own functions, one record
at a time, so memory grows with the sample and with 8 bytes for each token.
"""

import argparse
import random
import sys
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import nlargest
from itertools import accumulate, groupby
from pathlib import Path
from typing import Final

from app.overlaps.detection import gather, overlaps_of
from app.overlaps.postings import PostedSubject, Posting, Sighting
from app.overlaps.rows import Match, Profile
from app.overlaps.scoring import Prior
from tests.bench.linkage.ours import subject_of
from tests.bench.linkage.records import Record

SAMPLE: Final = 4_000
RANKED: Final = 50
NEAR: Final = 5
"""Ranks by which a guess may be off and still count as close."""

ZIPS: Final = 30_000
FIRST_DAY: Final = date(1940, 1, 1)
DAYS: Final = 67 * 365
NEW_YEAR: Final = 0.01
"""Share of people whose unknown date of birth is written as 1 January."""

ADDRESS_KNOWN: Final = 0.7
MIDDLE_KNOWN: Final = 0.75
_MIDDLES: Final = "AAAAABBCCCDDDEEEFGGHIJJJJJKLLLLLMMMMMMNNOPPRRRRSSSTTVW"
_STREETS: Final = ("Main St", "Oak Ave", "Park Rd", "Second St", "Maple Dr", "Lake Blvd", "Hill Ct")


@dataclass(frozen=True)
class _Names:
    """Names with cumulative weights, ready for `random.choices`."""

    values: list[str]
    weights: list[float]

    def draw(self, chance: random.Random) -> str:
        return chance.choices(self.values, cum_weights=self.weights)[0]


def _names(table: str) -> _Names:
    """Read a table of the 1990 US Census as the package `names` ships it: name and share."""
    import names  # noqa: PLC0415 -- an optional peer

    rows = [line.split() for line in Path(names.full_path(table)).read_text().splitlines()]
    return _Names([row[0] for row in rows], list(accumulate(float(row[1]) for row in rows)))


def people(count: int, seed: int) -> Iterator[Record]:
    """Yield people by household: one address, one last name for most, dates of their own."""
    chance = random.Random(seed)
    lasts = _names("dist.all.last")
    firsts = _names("dist.female.first"), _names("dist.male.first")
    zips = list(accumulate(chance.lognormvariate(0, 1.1) for _ in range(ZIPS)))
    number = 0
    while number < count:
        family = lasts.draw(chance)
        zone = chance.choices(range(ZIPS), cum_weights=zips)[0]
        door = str(chance.randint(1, 9999)), chance.choice(_STREETS)
        is_known = chance.random() < ADDRESS_KNOWN
        for _ in range(chance.choices((1, 2, 3, 4, 5), (28, 34, 15, 13, 10))[0]):
            born = FIRST_DAY + timedelta(chance.randrange(DAYS))
            if chance.random() < NEW_YEAR:
                born = born.replace(month=1, day=1)
            yield Record(
                person=str(number),
                given=chance.choice(firsts).draw(chance),
                middle=chance.choice(_MIDDLES) if chance.random() < MIDDLE_KNOWN else "",
                surname=family if chance.random() < 0.8 else lasts.draw(chance),
                born=born.isoformat(),
                number=door[0] if is_known else "",
                street=door[1] if is_known else "",
                postcode=f"{zone + 1:05}" if is_known else "",
            )
            number += 1


@dataclass
class Registry:
    """What streaming the population leaves: the sample, what it meets, and every token's hash."""

    posted: list[PostedSubject]
    matching: list[Match]
    holders: Counter[bytes]
    hashes: dict[str, "array[int]"]


def register(count: int, seed: int, sample: int) -> Registry:
    """Post `sample` of the people against a registry of all the others."""
    chosen = set(random.Random(seed + 1).sample(range(count), sample))
    posted = [
        subject_of(record, record.person, ("address",))
        for number, record in enumerate(people(count, seed))
        if number in chosen
    ]
    known = {key for subject in posted for _, _, key in subject.elements}
    found = Registry(posted, [], Counter(known), defaultdict(lambda: array("q")))
    for number, record in enumerate(people(count, seed)):
        if number not in chosen:
            _add(found, known, number, subject_of(record, record.person, ("address",)))
    return found


def _add(found: Registry, known: set[bytes], number: int, subject: PostedSubject) -> None:
    profile: Profile | None = None
    for kind, alias, key in subject.elements:
        found.hashes[kind].append(hash(key))
        if key in known:
            profile = profile or Profile(
                number + 1_000_000_000,
                number + 1_000_000_000,
                2,
                subject.ref,
                subject.kind,
                [name.rarity for name in subject.names],
                subject.masks,
                subject.numbers,
            )
            found.holders[key] += 1
            found.matching.append(Match(key, alias, profile))


def false_overlaps(found: Registry, prior: Prior) -> Counter[str]:
    """Return how many overlaps the sample makes, by band; all of them are false."""
    sightings = [
        Sighting(key, int(subject.ref), subject.ref, alias, kind)
        for subject in found.posted
        for kind, alias, key in subject.elements
    ]
    evidence = gather(sightings, found.matching, found.holders)
    postings = [Posting(int(subject.ref), True, [subject]) for subject in found.posted]  # noqa: FBT003 -- a field
    return Counter(pair.band for pair in overlaps_of(postings, 1, evidence, prior))


def commonest(hashes: "array[int]") -> list[tuple[int, int]]:
    """Return how often each of the commonest tokens occurs, and its hash; the commonest first."""
    counts = ((sum(1 for _ in group), token) for token, group in groupby(sorted(hashes)))
    return nlargest(RANKED, counts)


def rank_attack(observed: "array[int]", reference: "array[int]") -> tuple[int, int]:
    """Return how many of the commonest tokens a reference list names: exactly, and nearly."""
    ranks = {token: rank for rank, (_, token) in enumerate(commonest(reference))}
    off = [
        abs(ranks[token] - rank)
        for rank, (_, token) in enumerate(commonest(observed))
        if token in ranks
    ]
    return off.count(0), sum(each <= NEAR for each in off)


def main() -> int:
    """Print the figures; 1 when the strong band passes one false overlap in 1,000 posts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=SAMPLE)
    parser.add_argument("--expected", type=float, default=0.05, help="matches per subject")
    arguments = parser.parse_args()
    found = register(arguments.people, 1, arguments.sample)
    bands = false_overlaps(found, Prior(arguments.people, arguments.expected))
    strong = 1000 * bands["strong"] / arguments.sample
    print(
        f"{arguments.people:,} people, {arguments.sample:,} posts: false overlaps per 1,000 posts"
    )
    for band in ("strong", "probable", "possible", "shared_only"):
        print(f"  {band:12} {1000 * bands[band] / arguments.sample:8.2f}")
    reference = register(arguments.people // 2, 2, 1).hashes
    print(f"kind   tokens     most  50th  named exactly, within {NEAR} ranks (of {RANKED})")
    for kind, hashes in sorted(found.hashes.items()):
        top = commonest(hashes)
        exact, near = rank_attack(hashes, reference[kind])
        print(f"{kind:6} {len(set(hashes)):9,} {top[0][0]:5} {top[-1][0]:5} {exact:5} {near:5}")
    return int(strong > 1)


if __name__ == "__main__":
    sys.exit(main())
