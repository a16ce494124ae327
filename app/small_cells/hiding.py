"""Which counts of a publication stay hidden, so that none below five can be found. Pure.

A count is a cell; a total and its parts are a line. What is shown is rounded to steps of five, so
no subtraction is exact, neither within a publication nor between two. ADR 0024 has the reasons.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

LEAST: Final = 5
"""The smallest count that is shown, beside none at all."""
STEP: Final = 5
SPAN: Final = 3
"""A small count must leave a reader at least one more candidate than this."""
_FREE: Final = 1 << 40
"""More than any count: no bound."""

Key = tuple[str, ...]
Line = tuple[Key, tuple[Key, ...]]
"""A total and its parts, which add up to it."""
Bounds = dict[Key, tuple[int, int]]


@dataclass(frozen=True)
class Cell:
    """A count, at least 1, and how much of it the office with most of it has; 0 says nothing."""

    count: int
    largest: int = 0

    @property
    def is_small(self) -> bool:
        """Return whether it is few, or few of others than the office that has most of it."""
        return self.count < LEAST or 0 < self.count - self.largest < LEAST


def publish(cells: Mapping[Key, Cell], lines: Sequence[Line]) -> dict[Key, int | None]:
    """Return what is shown of each cell, in steps of five; None is hidden and not zero.

    Beside the small ones, others are hidden until no line has a single hidden member and nobody
    who adds and subtracts what is shown is left with fewer than four candidates for a small one.

    Args:
        cells: By key, without those that are zero.
        lines: Members that are in no cell are zero.
    """
    lines = _present(lines, cells)
    hidden = {key for key, cell in cells.items() if cell.is_small}
    of_key: dict[Key, list[Line]] = {key: [] for key in cells}
    for line in lines:
        for key in _members(line):
            of_key[key].append(line)
    while more := set(_partners(cells, lines, hidden)) or set(
        _loosening(cells, lines, hidden, of_key)
    ):
        hidden |= more
    return {key: None if key in hidden else rounded(cell.count) for key, cell in cells.items()}


def rounded(count: int) -> int:
    """Return the multiple of five next to a count that may be shown."""
    return (count + STEP // 2) // STEP * STEP


def bounds(shown: Mapping[Key, int | None], lines: Sequence[Line]) -> Bounds:
    """Return the least and the most that each count can be for who adds and subtracts.

    A line's members that are not in `shown` are zero.
    """
    found: Bounds = {}
    for key, value in shown.items():
        half = STEP // 2
        found[key] = (1, _FREE) if value is None else (max(LEAST, value - half), value + half)
    lines = _present(lines, shown)
    is_new = True
    while is_new:
        is_new = False
        for line in lines:
            for key, (low, high) in _implied(line, found):
                narrower = max(found[key][0], low), min(found[key][1], high)
                if narrower != found[key]:
                    found[key], is_new = narrower, True
    return found


def _implied(line: Line, found: Bounds) -> list[tuple[Key, tuple[int, int]]]:
    """Return what a line by itself says of each of its members, given the bounds of the others."""
    total, parts = line
    least, most = found[total]
    low = sum(found[part][0] for part in parts)
    high = sum(found[part][1] for part in parts)
    return [
        (total, (low, high)),
        *(
            (part, (least - (high - found[part][1]), most - (low - found[part][0])))
            for part in parts
        ),
    ]


def _present(lines: Sequence[Line], cells: Collection[Key]) -> list[Line]:
    """Return the lines with a total, and of each the parts that are not zero."""
    return [
        (total, tuple(part for part in parts if part in cells))
        for total, parts in lines
        if total in cells
    ]


def _partners(cells: Mapping[Key, Cell], lines: Sequence[Line], hidden: set[Key]) -> Iterator[Key]:
    """Yield, for each line with a single hidden member, another one to hide."""
    for line in lines:
        if sum(key in hidden for key in _members(line)) == 1:
            yield from _next(cells, line, hidden)


def _loosening(
    cells: Mapping[Key, Cell],
    lines: Sequence[Line],
    hidden: set[Key],
    of_key: Mapping[Key, Sequence[Line]],
) -> Iterator[Key]:
    """Yield, for each small cell that too few counts are left for, others to hide."""
    shown = {key: None if key in hidden else rounded(cell.count) for key, cell in cells.items()}
    found = bounds(shown, lines)

    def width(line: Line, key: Key) -> int:
        low, high = dict(_implied(line, found))[key]
        return high - low

    for key, (low, high) in found.items():
        if cells[key].is_small and high - low < SPAN:
            near = sorted(of_key[key], key=lambda line: width(line, key))
            while not (
                chosen := next((o for each in near for o in _next(cells, each, hidden)), ())
            ):
                near = [line for each in near for one in _members(each) for line in of_key[one]]
            yield chosen


def _next(cells: Mapping[Key, Cell], line: Line, hidden: set[Key]) -> Iterator[Key]:
    """Yield the smallest part of a line that is shown, else its total if that is, else nothing."""
    total, parts = line
    shown = [part for part in parts if part not in hidden] or [total]
    key = min(shown, key=lambda part: (cells[part].count, part))
    if key not in hidden:
        yield key


def _members(line: Line) -> tuple[Key, ...]:
    return (line[0], *line[1])
