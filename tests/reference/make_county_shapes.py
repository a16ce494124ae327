"""Writes app/reference/data/county_shapes.csv from us-atlas: outlines, small enough for a page.

npm pack us-atlas@3.0.1; tar xzf us-atlas-3.0.1.tgz
python -m tests.reference.make_county_shapes package/counties-albers-10m.json
"""

import csv
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from math import hypot
from pathlib import Path
from typing import Any, Final

SHA256: Final = "a674dfa31b625e92635f32684a61ae135b05a91507f17f2d5164833237fecf46"
"""Of counties-albers-10m.json as the package of version 3.0.1 has it."""
SIZE: Final = 1000
"""Units of the longer side of a state's picture."""
TOLERANCE: Final = 2.5
"""Units that an outline may be off, far less than a pixel on a phone."""
TARGET: Final = Path(__file__).parents[2] / "app/reference/data/county_shapes.csv"

Point = tuple[float, float]


def arcs_of(topology: dict[str, Any]) -> list[list[Point]]:
    """Return the arcs of a quantized topology, each as points."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    found = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * sx + tx, y * sy + ty))
        found.append(points)
    return found


def rings(geometry: dict[str, Any]) -> Iterator[list[int]]:
    """Yield the rings of a county as numbers of arcs; ~n runs arc n backwards."""
    polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    for polygon in polygons:
        yield from polygon


def simplified(points: Sequence[Point]) -> list[Point]:
    """Return the points that Douglas and Peucker (1973) keep; first and last are kept."""
    if len(points) < 3:
        return list(points)
    (ax, ay), (bx, by) = points[0], points[-1]
    length = hypot(bx - ax, by - ay)

    def off(point: Point) -> float:
        x, y = point
        if not length:
            return hypot(x - ax, y - ay)
        return abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length

    far = max(range(1, len(points) - 1), key=lambda place: off(points[place]))
    if off(points[far]) <= TOLERANCE:
        return [points[0], points[-1]]
    return simplified(points[: far + 1])[:-1] + simplified(points[far:])


def path(ring: Sequence[tuple[int, int]]) -> str:
    """Return a ring of whole units as an SVG path of relative steps, empty if it is too thin."""
    steps = [ring[0]]
    for point in ring[1:]:
        if point != steps[-1]:
            steps.append(point)
    if len(steps) < 4:
        return ""
    (x, y), *rest = steps
    moves = []
    for to_x, to_y in rest[:-1]:
        moves.append(f"{to_x - x},{to_y - y}")
        x, y = to_x, to_y
    return f"M{steps[0][0]},{steps[0][1]}l{' '.join(moves)}z"


def shapes(topology: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield, for each state, its FIPS code with the size, then its counties with their paths."""
    arcs = arcs_of(topology)
    states: dict[str, dict[str, list[list[int]]]] = {}
    for geometry in topology["objects"]["counties"]["geometries"]:
        if "arcs" in geometry:
            fips = str(geometry["id"])
            states.setdefault(fips[:2], {})[fips] = list(rings(geometry))
    for state, counties in sorted(states.items()):
        used = {
            number if number >= 0 else ~number
            for county in counties.values()
            for ring in county
            for number in ring
        }
        xs, ys = zip(*(point for number in used for point in arcs[number]), strict=True)
        scale = SIZE / max(max(xs) - min(xs), max(ys) - min(ys))
        placed = {
            number: [
                (round(x), round(y))
                for x, y in simplified(
                    [((x - min(xs)) * scale, (y - min(ys)) * scale) for x, y in arcs[number]]
                )
            ]
            for number in used
        }
        yield state, f"{round((max(xs) - min(xs)) * scale)} {round((max(ys) - min(ys)) * scale)}"
        for fips, of_county in sorted(counties.items()):
            yield fips, "".join(path(_joined(ring, placed)) for ring in of_county)


def _joined(ring: Sequence[int], arcs: dict[int, list[tuple[int, int]]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number in ring:
        points = arcs[number] if number >= 0 else arcs[~number][::-1]
        found += points[1:] if found else points
    return found


def main() -> None:
    """Write the file anew."""
    source = Path(sys.argv[1]).read_bytes()
    digest = hashlib.sha256(source).hexdigest()
    if digest != SHA256:
        sys.exit(f"{sys.argv[1]} has the digest {digest}.")
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(("fips", "path"))
        lines.writerows(shapes(json.loads(source)))


if __name__ == "__main__":
    main()
