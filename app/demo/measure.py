"""How well the overlaps agree with what is known to be true of the demo's data."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DATA: Final = Path(__file__).parent / "data" / "febrl"


@dataclass(frozen=True)
class Quality:
    """Found pairs against true ones: persons that both offices hold."""

    found: int
    right: int
    true: int

    @property
    def recall(self) -> float:
        """Return the share of true pairs that were found."""
        return self.right / self.true if self.true else 0.0

    @property
    def precision(self) -> float:
        """Return the share of found pairs that are true."""
        return self.right / self.found if self.found else 0.0

    @property
    def f1(self) -> float:
        """Return the harmonic mean of recall and precision."""
        both = self.recall + self.precision
        return 2 * self.recall * self.precision / both if both else 0.0


def measure(sides: Iterable[Iterable[Mapping[str, Any]]], true: int) -> Quality:
    """Compare what two offices list with the truth in their record ids.

    Each office sees its own case of an overlap only; joined by the overlap's id the two lists
    tell which pairs were found. Overlaps that share an identifier without pointing to the same
    person are not counted.
    """
    first, second = (
        {item["id"]: item["case"]["external_id"] for item in side if item["band"] != "shared_only"}
        for side in sides
    )
    pairs = [(first[key], second[key]) for key in first.keys() & second.keys()]
    return Quality(len(pairs), sum(_person(one) == _person(other) for one, other in pairs), true)


def write_samples(directory: Path, names: Iterable[str], records: int) -> list[Path]:
    """Write the exports of the first `records` persons; the same persons for each office."""
    paths, persons = [], None
    for name in names:
        with (DATA / name).open(encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file, skipinitialspace=True))
        persons = persons or {_person(row[0]) for row in rows[:records]}
        path = directory / name
        with path.open("w", encoding="utf-8", newline="") as file:
            kept = [row for row in rows if _person(row[0]) in persons]
            csv.writer(file).writerows([header, *kept])
        paths.append(path)
    return paths


def _person(record: str) -> str:
    """Return the number that the records `rec-N-org` and `rec-N-dup-0` of one person share."""
    return record.split("-")[1]
