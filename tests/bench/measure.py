"""What a goal is, and how its figures become a table or JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final, Literal

Bound = Literal["at least", "at most"]


@dataclass(frozen=True)
class Goal:
    """One figure of ours beside its baseline of the same run; None where nothing is compared.

    `must` and `aim` bound the ratio, or `ours` itself when there is no baseline.
    """

    name: str
    unit: str
    ours: float
    baseline: float | None
    bound: Bound
    must: float
    aim: float
    note: str

    @property
    def figure(self) -> float:
        """What is held against the bounds: the ratio, or our figure when it stands alone."""
        return self.ours if self.baseline is None else self.ours / self.baseline

    @property
    def is_reached(self) -> bool:
        """Whether the figure keeps what the goal must."""
        return self._keeps(self.must)

    @property
    def verdict(self) -> str:
        """`aim`, `ok` or `MISSED`."""
        return "aim" if self._keeps(self.aim) else "ok" if self.is_reached else "MISSED"

    def _keeps(self, limit: float) -> bool:
        return self.figure >= limit if self.bound == "at least" else self.figure <= limit

    def as_json(self) -> dict[str, Any]:
        """Return every field, the figure and the verdict."""
        return {**asdict(self), "figure": self.figure, "ok": self.is_reached}


_HEAD: Final = ("goal", "ours", "baseline", "ratio", "must", "aim", "ok")


def table(goals: Sequence[Goal]) -> str:
    """Return the goals as aligned text, each with what was compared below the table."""
    rows = [_HEAD, *map(_row, goals)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([*lines, "", *(f"{goal.name}: {goal.note}" for goal in goals)])


def _row(goal: Goal) -> tuple[str, ...]:
    sign = ">=" if goal.bound == "at least" else "<="
    return (
        goal.name,
        f"{number(goal.ours)} {goal.unit}",
        "-" if goal.baseline is None else f"{number(goal.baseline)} {goal.unit}",
        "-" if goal.baseline is None else f"{goal.figure:.3f}",
        f"{sign} {goal.must:g}",
        f"{sign} {goal.aim:g}",
        goal.verdict,
    )


def number(value: float) -> str:
    """Return a figure with as many digits as say something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of `values` do not pass (nearest rank)."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def median_of(values: Sequence[float]) -> float:
    """Return the median, as a float whatever comes in."""
    return float(median(values))
