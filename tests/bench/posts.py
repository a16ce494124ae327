"""Goal: one post over HTTP against the same SQL statements by bare asyncpg."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from tests.bench import bodies, load
from tests.bench.bare_posts import BarePosts
from tests.bench.measure import Goal, median_of, percentile
from tests.bench.site import Site

_PRELOADED_IN: Final = 200


async def measure(site: Site, port: int, sightings: int, *, posts: int, runs: int) -> list[Goal]:
    """Post `posts` cases a run, each with a phone that another office's case has.

    Ours and bare posts go to the same tables in turns; the first run of each warms up.
    """
    pool = bodies.elements()
    known = bodies.people(pool, 2 * posts * (runs + 1))
    await _preload(site, port, known)
    phones = (person[bodies.SHARED_PLACE] for person in known)
    token = site.token(site.offices[0])
    ours: list[list[float]] = []
    bare: list[list[float]] = []
    async with site.connected() as database:
        bare_posts = await BarePosts.prepared(site, database)
        for run in range(runs + 1):
            requests = [
                load.request("PUT", f"/v1/cases/cms/p{run}-{number}", token, _body(person))
                for number, person in enumerate(_people(pool, phones, posts))
            ]
            done = await site.drive(port, [requests])
            ours.append(done.require(201).latencies)
            if len(json.loads(done.body)["overlaps"]) != 1:
                raise RuntimeError("a post did not find its overlap")
            bare.append([await bare_posts.post(person) for person in _people(pool, phones, posts)])
    note = (
        f"PUT of a case of {bodies.TOKENS_PER_CASE} tokens that finds one overlap, one connection, "
        f"at {sightings:,} sightings, {posts} posts a run; "
    )
    return [
        Goal(
            name="post p50",
            unit="ms",
            ours=median_of([median_of(run) for run in ours[1:]]) * 1000,
            baseline=median_of([median_of(run) for run in bare[1:]]) * 1000,
            bound="at most",
            must=3.0,
            aim=2.0,
            note=note + "against its SQL statements by bare asyncpg in one transaction",
        ),
        Goal(
            name="post p99",
            unit="ms",
            ours=_p99(ours) * 1000,
            baseline=None,
            bound="at most",
            must=15.0,
            aim=10.0,
            note=note
            + f"the limit is absolute; the bare statements alone: {_p99(bare) * 1000:.3g} ms",
        ),
    ]


def _p99(runs: Sequence[Sequence[float]]) -> float:
    """Return the median of the runs' 99th percentiles, without the run that warmed up."""
    return median_of([percentile(run, 0.99) for run in runs[1:]])


def _people(pool: Iterator[str], phones: Iterator[str], count: int) -> list[list[str]]:
    people = bodies.people(pool, count)
    for person, phone in zip(people, islice(phones, count), strict=True):
        person[bodies.SHARED_PLACE] = phone
    return people


def _body(person: list[str]) -> bytes:
    return json.dumps(bodies.case(person)).encode()


async def _preload(site: Site, port: int, people: list[list[str]]) -> None:
    token = site.token(site.offices[1])
    stream = [
        load.request(
            "PUT", "/v1/cases", token, bodies.bulk(people[at : at + _PRELOADED_IN], 500_000 + at)
        )
        for at in range(0, len(people), _PRELOADED_IN)
    ]
    (await site.drive(port, [stream])).require(200)
