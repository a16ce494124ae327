"""No adding and subtracting brings a hidden count back: asked of a reader who tries everything."""

from itertools import product
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from app.small_cells.hiding import LEAST, STEP, Cell, Key, Line, bounds, publish

ROWS: Final = ("a", "b")
COLUMNS: Final = ("x", "y", "z")
INNER: Final = tuple(product(ROWS, COLUMNS))
LINES: Final[tuple[Line, ...]] = (
    *(((row, ""), tuple((row, column) for column in COLUMNS)) for row in ROWS),
    *((("", column), tuple((row, column) for row in ROWS)) for column in COLUMNS),
    (("", ""), tuple((row, "") for row in ROWS)),
    (("", ""), tuple(("", column) for column in COLUMNS)),
)
"""A table with its totals."""
COUNTS: Final = st.one_of(st.integers(0, 7), st.integers(0, 40))


def table(counts: tuple[int, ...]) -> dict[Key, int]:
    """Return a table of these counts with its totals, without what is zero."""
    whole: dict[Key, int] = {}
    whole.update(zip(INNER, counts, strict=True))
    for total, parts in LINES:
        whole[total] = sum(whole[part] for part in parts)
    return {key: count for key, count in whole.items() if count}


def fits(shown: int | None, count: int) -> bool:
    """Return whether what is shown of a cell may stand for this count."""
    if shown is None:
        return count > 0
    return count >= LEAST and abs(count - shown) <= STEP // 2


def could_be(shown: dict[Key, int | None], most: int) -> dict[Key, set[int]]:
    """Return each count that each cell has in a whole table that shows the same."""
    ranges = [
        [n for n in range(most + 1) if (fits(shown[key], n) if key in shown else n == 0)]
        for key in INNER
    ]
    found: dict[Key, set[int]] = {key: set() for key in shown}
    for counts in product(*ranges):
        whole = table(counts)
        if whole.keys() == shown.keys() and all(fits(shown[k], n) for k, n in whole.items()):
            for key, count in whole.items():
                found[key].add(count)
    return found


class TestPublish:
    @settings(max_examples=100)
    @given(st.tuples(*[COUNTS] * len(INNER)))
    def test_shows_no_small_count_and_never_hides_one_alone(self, counts: tuple[int, ...]) -> None:
        whole = table(counts)
        shown = publish({key: Cell(count) for key, count in whole.items()}, LINES)
        for key, count in whole.items():
            assert shown[key] is None or (count >= LEAST and fits(shown[key], count))
        for total, parts in LINES:
            members = [key for key in (total, *parts) if key in whole]
            if len(members) > 2:
                assert sum(shown[key] is None for key in members) != 1, total
        for key, (low, high) in bounds(shown, LINES).items():
            assert low <= whole[key] <= high
            assert whole[key] >= LEAST or high - low >= 3

    @settings(max_examples=10, deadline=None)
    @given(st.tuples(*[st.integers(0, 9)] * 4))
    def test_leaves_who_tries_every_table_several_candidates(self, counts: tuple[int, ...]) -> None:
        whole = table((*counts[:2], 0, *counts[2:], 0))
        shown = publish({key: Cell(count) for key, count in whole.items()}, LINES)
        for key, candidates in could_be(shown, 11).items():
            assert whole[key] in candidates
            if whole[key] < LEAST:
                assert len(candidates) >= 3, (key, candidates)

    def test_hides_what_is_few_beside_the_office_with_most(self) -> None:
        cells: dict[Key, Cell] = {("a",): Cell(12, 9), ("b",): Cell(12, 7), ("c",): Cell(12, 12)}
        assert publish(cells, []) == {("a",): None, ("b",): 10, ("c",): 10}

    def test_shows_everything_where_nothing_is_small(self) -> None:
        whole = table((5, 8, 30, 41, 22, 17))
        shown = publish({key: Cell(count) for key, count in whole.items()}, LINES)
        assert shown == {key: (count + 2) // 5 * 5 for key, count in whole.items()}
