"""Builds app/identifiers/data/commonness-v1.json from the 1990 US Census tables.

python -m tests.identifiers.make_commonness DIRECTORY

DIRECTORY holds dist.all.last, dist.female.first and dist.male.first, as the package `names` 0.3.0
ships them: name, per cent of the people of that sex, cumulative per cent, rank.
"""

import json
import math
import sys
from collections import defaultdict
from pathlib import Path

from app.identifiers.names import RARE, formal_name

TARGET = Path(__file__).parents[2] / "app/identifiers/data/commonness-v1.json"
LEAST = 2**-13


def frequencies(path: Path) -> dict[str, float]:
    rows = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return {row[0]: float(row[1]) / 100 for row in rows}


def tenths(table: dict[str, float]) -> dict[str, int]:
    """Return minus ten times the binary logarithm, rounded, of what is above the threshold."""
    return {
        name: min(round(-10 * math.log2(share)), RARE)
        for name, share in sorted(table.items())
        if share > LEAST
    }


def build(directory: Path) -> bytes:
    """Return the file. A first name counts half for each sex, under its formal name."""
    first: defaultdict[str, float] = defaultdict(float)
    for sex in ("female", "male"):
        for name, share in frequencies(directory / f"dist.{sex}.first").items():
            first[formal_name(name)] += share / 2
    last = frequencies(directory / "dist.all.last")
    table = {"first": tenths(first), "last": tenths(last)}
    return json.dumps(table, separators=(",", ":")).encode() + b"\n"


if __name__ == "__main__":
    TARGET.write_bytes(build(Path(sys.argv[1])))
