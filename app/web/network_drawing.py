"""Where the parts of a network go in its picture: own cases left, other offices' right. Pure."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from app.networks.schemas import (
    NetworkCaseRead,
    NetworkCounterpartRead,
    NetworkEdgeRead,
    NetworkRead,
)
from app.web import place_words

ROW: Final = 46
"""Height of one box with the space below it."""
BOX: Final = 34
WIDTH: Final = 940
LEFT: Final = 220
"""Width of a box on the left."""
RIGHT: Final = 340
"""Width of a box on the right, which has an office's name in it."""


@dataclass(frozen=True)
class Box:
    """A case in the picture."""

    text: str
    under: str
    """What is said below it, smaller."""
    x: int
    y: int
    width: int
    is_center: bool = False


@dataclass(frozen=True)
class Line:
    """An overlap in the picture."""

    edge: NetworkEdgeRead
    x1: int
    y1: int
    x2: int
    y2: int


@dataclass(frozen=True)
class Picture:
    """A network with its places."""

    width: int
    right: int
    """Width of a box on the right."""
    height: int
    own: list[Box]
    others: list[Box]
    lines: list[Line]


def draw(network: NetworkRead, offices: dict[str, str]) -> Picture:
    """Return the picture of a network; `offices` says how each counterpart is called.

    Cases stand in the order that they come in, nearest first; a counterpart stands about where
    the cases are that it belongs to, so that few lines cross.
    """
    cases = {_key(each): place for place, each in enumerate(network.cases)}
    met: dict[str, list[int]] = defaultdict(list)
    for edge in network.edges:
        met[edge.counterpart].append(cases[_key(edge)])
    order = sorted(
        network.counterparts, key=lambda each: (_middle(met[each.label]), int(each.label))
    )
    rows = max(len(cases), len(order), 1)
    left = _places(len(cases), rows)
    right = _places(len(order), rows)
    place_of = {each.label: y for each, y in zip(order, right, strict=True)}
    return Picture(
        WIDTH,
        RIGHT,
        rows * ROW,
        [
            Box(each.case.external_id, each.case.source_system, 0, y, LEFT, each.distance == 0)
            for each, y in zip(network.cases, left, strict=True)
        ],
        [
            Box(f"{each.label}. {offices[each.label]}", _under(each), WIDTH - RIGHT, y, RIGHT)
            for each, y in zip(order, right, strict=True)
        ],
        [
            Line(
                edge,
                LEFT,
                left[cases[_key(edge)]] + BOX // 2,
                WIDTH - RIGHT,
                place_of[edge.counterpart] + BOX // 2,
            )
            for edge in network.edges
        ],
    )


def _key(each: NetworkCaseRead | NetworkEdgeRead) -> tuple[str, str]:
    return each.case.source_system, each.case.external_id


def _middle(places: list[int]) -> float:
    return sum(places) / len(places) if places else 0.0


def _places(count: int, rows: int) -> list[int]:
    """Return the heights of `count` boxes, spread over a column of `rows`."""
    space = rows * ROW / max(count, 1)
    return [round(space * place + (space - BOX) / 2) for place in range(count)]


def _under(each: NetworkCounterpartRead) -> str:
    state = place_words.state(each.state)
    return state if each.office is None else f"{each.office.code}, {state}"
