"""Goal: the check before an act answers at once, of a case with twenty overlaps."""

import json
from typing import Final

from tests.bench import bodies, load
from tests.bench.measure import Goal, percentile
from tests.bench.site import Site

OVERLAPS: Final = 20
CONNECTIONS: Final = 2
PATH: Final = "/v1/cases/cms/24-hub/checks"
BODY: Final = b'{"act":"plea"}'


async def measure(site: Site, port: int, sightings: int, *, checks: int) -> Goal:
    """Measure the 99th percentile of checks; the service is one registry process on `port`."""
    await make_hub(site, port)
    await site.database.execute("ANALYZE")  # as autovacuum does within a minute of a change
    token = site.token(site.offices[0])
    streams = [[load.request("POST", PATH, token, BODY)] * checks] * CONNECTIONS
    (warm := await site.drive(port, streams)).require(201)
    done = (await site.drive(port, streams)).require(201)
    return Goal(
        name="check before an act, p99",
        unit="ms",
        ours=percentile(done.latencies, 0.99) * 1000,
        baseline=None,
        bound="at most",
        must=50,
        aim=25,
        note=f"POST {PATH}, {len(warm.body):,} bytes with {OVERLAPS} overlaps at {sightings:,} "
        f"sightings, recorded in the same transaction, {CONNECTIONS} connections to one process",
    )


async def make_hub(site: Site, port: int) -> None:
    """Let one office post a case of so many people, and the other a case of each."""
    people = bodies.people(bodies.elements(), OVERLAPS)
    subjects = [
        {**bodies.case(person)["subjects"][0], "ref": str(place)}
        for place, person in enumerate(people)
    ]
    hub = json.dumps({**bodies.case(people[0]), "subjects": subjects}).encode()
    first, second = site.offices
    for office, path, body in (
        (second, "/v1/cases", bodies.bulk(people, 950_000)),
        (first, "/v1/cases/cms/24-hub", hub),
    ):
        put = load.request("PUT", path, site.token(office), body)
        (await site.drive(port, [[put]])).require(200, 201)
