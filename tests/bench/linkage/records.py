"""What a data set for linkage is: records of people, and which of them are the same person."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

THEIRS: Final = 1_000_000
"""Added to the case numbers of the other office."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as an office has it; an absent value is the empty string.

    `person` is the truth: two records of one set are the same person when it is equal. `phones`
    are any texts, equal where the numbers are.
    """

    person: str
    given: str = ""
    surname: str = ""
    middle: str = ""
    born: str = ""
    number: str = ""
    street: str = ""
    unit: str = ""
    postcode: str = ""
    ssn: str = ""
    phones: tuple[str, ...] = ()
    region: str = "US"


@dataclass(frozen=True)
class LinkageSet:
    """The records of two offices; with `theirs` None one file is linked with itself.

    A file linked with itself is posted whole by both offices, each record as a case of its own;
    what a record has in common with its own copy counts for nothing, and each pair counts once.
    """

    name: str
    mine: Sequence[Record]
    theirs: Sequence[Record] | None = None
    offices: int = 1
    """Over how many offices the records of each side are spread."""

    @property
    def right(self) -> Sequence[Record]:
        """The records of the other office."""
        return self.mine if self.theirs is None else self.theirs

    @cached_property
    def true_pairs(self) -> int:
        """How many pairs of records are one person."""
        held = Counter(record.person for record in self.mine)
        if self.theirs is None:
            return sum(count * (count - 1) // 2 for count in held.values())
        return sum(held[record.person] for record in self.theirs)

    def counts(self, mine: int, theirs: int) -> bool:
        """Tell whether a pair of record numbers is one to judge."""
        return self.theirs is not None or mine < theirs

    def is_true(self, mine: int, theirs: int) -> bool:
        """Tell whether two records are the same person."""
        return self.mine[mine].person == self.right[theirs].person


@dataclass(frozen=True)
class Quality:
    """Found pairs against true ones."""

    found: int
    right: int
    true: int

    @property
    def precision(self) -> float:
        """The share of found pairs that are true."""
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """The share of true pairs that were found."""
        return self.right / self.true if self.true else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0
