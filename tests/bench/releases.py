"""How long the post takes that makes a very common value rare again, by how many hold it.

    python -m tests.bench.releases --holders 25 250 2500

Each holder is a person with a name of its own in a case of its own; the holders are spread evenly
over 100 offices. Offices then give the value up, one post each, until it matches again: the time
of that post is reported, with the pairs of cases that it found, and the time of those it left.
"""

import argparse
import asyncio
import logging
import secrets
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import structlog

from app.access.permissions import Permission
from app.access.principal import Principal
from app.cases import posting
from app.cases.schemas import CaseItem
from app.core.clock import utc_now
from app.core.db import transaction
from app.identifiers.encoding import b64u_encode
from app.identifiers.kinds import KINDS
from app.identifiers.suite import hash_to_group
from app.overlaps.limits import LIMITS
from app.rematching.backlog import finish_all
from app.serving.keys import create_keys
from tests.blinding import case
from tests.database import Template, serving
from tests.factories import Registry

OFFICES: Final = 100
PERSON_KINDS: Final = [name for name, kind in KINDS.items() if kind.key_class == "person"][:12]


def element() -> str:
    return b64u_encode(hash_to_group(secrets.token_bytes(16)))


def holder(kind: str, token: str | None) -> dict[str, Any]:
    """Return a person whom nobody else has, with the shared value or one of its own."""
    tokens = {name: element() for name in PERSON_KINDS}
    return {
        "ref": "1",
        "names": [{"rarity": 2, "provenance": "police_report", "tokens": tokens}],
        "identifiers": [{"kind": kind, "provenance": "police_report", "token": token or element()}],
    }


async def put(registry: Registry, office: Principal, bodies: dict[str, dict[str, Any]]) -> float:
    """Post cases of an office together and return how many seconds it took."""
    state = registry.app.state
    items = [
        CaseItem(source_system="cms", external_id=number, case=body)
        for number, body in bodies.items()
    ]
    began = time.perf_counter()
    async with transaction(state.sessions, office) as session:
        results = await posting.put_cases(session, office, state.intake, items, now=utc_now())
    assert all(each.result in {"created", "updated"} for each in results)
    return time.perf_counter() - began


async def count(registry: Registry, action: str) -> int:
    ((found,),) = await registry.rows(
        "SELECT count(*) FROM audit_entries WHERE action = :action", action=action
    )
    return int(found)


async def measure(registry: Registry, kind: str, holders: int, *, hidden: bool) -> str:
    """Return what making a value of `kind` rare again took."""
    offices = await make_offices(registry)
    token = element()
    numbers: dict[int, list[str]] = {}
    for number in range(holders):
        numbers.setdefault(number % OFFICES, []).append(f"24-{number}")
    seen = LIMITS[kind].offices + 1 if hidden else len(numbers)
    for place, own in numbers.items():
        way = "open" if place < seen else "silent"
        bodies = {number: case(holder(kind, token), disclosure=way) for number in own}
        await put(registry, offices[place], bodies)
    matched = await count(registry, "values.matched_again")
    for place, own in numbers.items():
        before = await count(registry, "overlap.found")
        bodies = {number: case(holder(kind, None)) for number in own}
        took = await put(registry, offices[place], bodies)
        if await count(registry, "values.matched_again") > matched:
            break
    at_once = await count(registry, "overlap.found") - before
    began = time.perf_counter()
    later = await finish_all(registry.app.state.sessions, registry.app.state.keyring)
    rest = time.perf_counter() - began
    others = f" ({len(numbers) - seen} more offices hidden)" if hidden else ""
    return (
        f"{kind}, {holders} holders, {seen - place - 1} offices left{others}: "
        f"the post {took:.2f} s with {at_once} pairs, then {later} pairs in {rest:.2f} s"
    )


async def make_offices(registry: Registry) -> list[Principal]:
    """Return principals of new offices."""
    run, may = secrets.token_hex(3).upper(), frozenset({Permission.CASES_POST})
    for number in range(OFFICES):
        await registry.add_office(f"CA-{run}-{number:03}")
    rows = await registry.rows(
        "SELECT id FROM offices WHERE code LIKE :like ORDER BY code", like=f"CA-{run}-%"
    )
    return [Principal("bench", row[0], may, is_participating=True) for row in rows]


async def run(url: str, keys: Path, holders: list[int]) -> None:
    """Measure each number of holders, for a contact and for a document."""
    async with Registry.started(url, keys) as registry:
        for hidden in (False, True):
            for kind in ("tel", "ssn"):
                for how_many in holders:
                    print(await measure(registry, kind, how_many, hidden=hidden), flush=True)


def main() -> int:
    """Measure on a database of its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--holders", type=int, nargs="+", default=[25, 250, 2500])
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with ExitStack() as stack:
        keys = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "keys"
        create_keys(keys)
        template = Template(stack.enter_context(serving(f"releases-{secrets.token_hex(4)}")))
        stack.callback(template.drop)
        with template.clone() as url:
            asyncio.run(run(url, keys, chosen.holders))
    return 0


if __name__ == "__main__":
    sys.exit(main())
