"""The sizes of a run, and the run itself: every goal once, in one place."""

import shutil
import tempfile
from dataclasses import dataclass, replace
from typing import Final

from tests.bench import (
    checks,
    evaluators,
    growth,
    intake,
    oprf,
    pages,
    posts,
    recounts,
    rotation,
)
from tests.bench.filler import BYTES_PER_SIGHTING, grow
from tests.bench.measure import Goal
from tests.bench.site import Site, port_of, resident_megabytes, site


@dataclass(frozen=True)
class Size:
    """How much a run measures; `sightings` fill the tables first, and ten times as many later."""

    sightings: int
    chunks: int
    posts: int
    seconds: float
    runs: int
    is_binding: bool
    """Whether a missed goal fails the run; a short one is too noisy for that."""


FULL: Final = Size(1_000_000, chunks=15, posts=200, seconds=3, runs=3, is_binding=True)
SMALL: Final = Size(10_000, chunks=2, posts=30, seconds=0.5, runs=1, is_binding=False)
TINY: Final = Size(1_000, chunks=1, posts=5, seconds=0.2, runs=1, is_binding=False)


def size_of(text: str) -> Size:
    """Return `full`, `small`, or a size for so many sightings to begin with.

    Raises:
        ValueError: neither a name nor a positive number.
    """
    named = {"full": FULL, "small": SMALL}.get(text)
    if named:
        return named
    if (number := int(text)) < 1:
        raise ValueError("a size is positive")
    kind = next((kind for kind in (FULL, SMALL) if number >= kind.sightings), TINY)
    return replace(kind, sightings=-(-number // 100) * 100, is_binding=False)


async def run(size: Size) -> list[Goal]:
    """Measure every goal on one server.

    Raises:
        RuntimeError: the server is not durable, the disk too small, or an answer not as expected.
    """
    needed = size.sightings * growth.FACTOR * BYTES_PER_SIGHTING
    if shutil.disk_usage(tempfile.gettempdir()).free < 2 * needed:
        raise RuntimeError(f"this size fills {needed >> 20} MB; twice that must be free")
    evaluation = oprf.measure(runs=size.runs * 3)
    lifting = rotation.measure(subjects=20 * size.runs, runs=size.runs * 3)
    async with site() as place:
        served = await evaluators.measure(place, seconds=2 * size.seconds)
        bulk = await intake.measure(place, chunks=size.chunks, runs=size.runs)
        await grow(place.database, 0, size.sightings)
        with place.serving(1) as service:
            port, idle = port_of(service), resident_megabytes(service)
            single = await posts.measure(
                place, port, size.sightings, posts=size.posts, runs=size.runs
            )
            page = await pages.measure(place, port, seconds=size.seconds, runs=size.runs)
            check = await checks.measure(place, port, size.sightings, checks=size.posts)
            grown = max(bulk.growth, resident_megabytes(service) - idle)
        before = await recounts.times(place, size.sightings, runs=size.runs)
        detection = await _detection(place, size)
        recounted = await recounts.measure(
            place, before, size.sightings * growth.FACTOR, runs=size.runs
        )
    return [
        bulk.goal,
        *single,
        detection,
        *recounted,
        evaluation,
        *served,
        lifting,
        page,
        check,
        *_memory(idle, grown),
    ]


async def _detection(place: Site, size: Size) -> Goal:
    options = {"posts": size.posts, "runs": size.runs}
    base = await growth.median_seconds(place, size.sightings, **options)
    return await growth.measure(place, base, size.sightings, **options)


def _memory(idle: float, grown: float) -> tuple[Goal, Goal]:
    return (
        Goal(
            name="worker memory",
            unit="MB",
            ours=idle,
            baseline=None,
            bound="at most",
            must=130,
            aim=90,
            note="resident set of a registry process that answers and has had no other request",
        ),
        Goal(
            name="worker growth",
            unit="MB",
            ours=grown,
            baseline=None,
            bound="at most",
            must=20,
            aim=10,
            note="by which the largest registry process grew with bulk intake, or with posts and "
            "pages",
        ),
    )
