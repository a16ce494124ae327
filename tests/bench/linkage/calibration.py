"""Whether a predicted chance comes true: bins of scores, a table and a plot."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from tests.bench.linkage.ours import Judged

_CUTS: Final = (-4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 10.0, 99.0)
_SIDE: Final = 240


class Bin(NamedTuple):
    """Pairs with a score in [low, high): how many, the chance predicted, and the share true."""

    low: float
    high: float
    pairs: int
    predicted: float
    observed: float


def bins(judged: Iterable[Judged]) -> list[Bin]:
    """Return the non-empty bins of scores."""
    every = list(judged)
    found = []
    for low, high in pairwise(_CUTS):
        kept = [pair for pair in every if low <= pair.bits < high]
        if kept:
            predicted = sum(1 / (1 + 2**-pair.bits) for pair in kept) / len(kept)
            observed = sum(pair.is_true for pair in kept) / len(kept)
            found.append(Bin(low, high, len(kept), predicted, observed))
    return found


def table(found: Sequence[Bin]) -> str:
    """Return the bins as Markdown."""
    rows = ["| score, bits | pairs | predicted | true |", "| --- | --- | --- | --- |"]
    for each in found:
        reach = f"{each.low:g} to {each.high:g}" if each.high < _CUTS[-1] else f"{each.low:g} up"
        rows.append(f"| {reach} | {each.pairs:,} | {each.predicted:.3f} | {each.observed:.3f} |")
    return "\n".join(rows)


def svg(found: Sequence[Bin]) -> str:
    """Return predicted (across) against observed (up); on the diagonal a chance is what it says."""
    points = [(40 + each.predicted * _SIDE, 20 + (1 - each.observed) * _SIDE) for each in found]
    dots = "\n".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in points)
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    ticks = "\n".join(
        f'<text x="{40 + share * _SIDE:.0f}" y="276" text-anchor="middle">{share:g}</text>'
        f'<text x="34" y="{24 + (1 - share) * _SIDE:.0f}" text-anchor="end">{share:g}</text>'
        for share in (0, 0.5, 1)
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 300" width="300"
 height="300" font-family="sans-serif" font-size="11" role="img">
<title>Predicted chance of being the same person, against the share that is</title>
<rect width="300" height="300" fill="#fff"/>
<rect x="40" y="20" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#888"/>
<line x1="40" y1="{20 + _SIDE}" x2="{40 + _SIDE}" y2="20" stroke="#888" stroke-dasharray="4 4"/>
<polyline points="{line}" fill="none" stroke="#1a4f8b"/>
<g fill="#1a4f8b">
{dots}
</g>
<g fill="#333">
{ticks}
<text x="160" y="294" text-anchor="middle">predicted</text>
<text x="12" y="140" text-anchor="middle" transform="rotate(-90 12 140)">observed</text>
</g>
</svg>
"""
