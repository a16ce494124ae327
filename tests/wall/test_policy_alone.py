"""The tests of the ladder once more, on a database that hides nothing."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest_asyncio

from app.core.db import driver
from tests.access.people import sign_in
from tests.access.test_matrix import PEOPLE, TestObjects
from tests.cases.test_ladder import TestAgreements, TestGrants, TestRungs
from tests.core.surface import ABSENT
from tests.database import Template
from tests.documented import document
from tests.factories import Registry
from tests.handling.heads import draft, settle
from tests.invariants.test_i3_ladder import TestI3NotVisibleIsNotExisting
from tests.scenes import make_offices, meet
from tests.wall.acting import client_of
from tests.wall.open_doors import open_the_database

__all__ = [
    "TestAgreements",
    "TestGrants",
    "TestI3NotVisibleIsNotExisting",
    "TestObjects",
    "TestRungs",
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared_registry(
    database_template: Template, keys_directory: Path
) -> AsyncIterator[Registry]:
    """Yield a registry whose database has no wall of its own."""
    with database_template.clone() as url:
        await open_the_database(url)
        async with Registry.started(url, keys_directory) as started:
            yield started


async def test_the_database_hides_nothing(shared_registry: Registry) -> None:
    meeting = await meet(shared_registry, "silent", "silent")
    async with shared_registry.acting(await client_of(shared_registry, meeting.first)) as session:
        connection = await driver(session)
        assert await connection.fetchval("SELECT count(*) FROM cases") >= 2
        shown = await connection.fetchrow("SELECT reached, summary, code FROM shown_overlaps")
    assert shown is not None
    assert (shown["reached"], shown["code"]) == (4, meeting.second.code)


OPEN_TO_ALL: Final = {"/v1/offices", "/v1/commitments"}
"""The directory of offices, which names those that take part."""


async def test_no_operation_gives_a_stranger_anything_of_a_matter(
    shared_registry: Registry,
) -> None:
    sides, request = await draft(shared_registry)
    overlap = (await settle(sides, request))["overlap_id"]
    (office,) = await make_offices(shared_registry, 1)
    stranger = await sign_in(shared_registry, office, *PEOPLE)
    known = {"request_id": request, "matter_id": f"mat_{request[4:]}", "overlap_id": overlap}
    known |= {"source_system": "cms", "external_id": "24-0", "office": sides[1].office.code}
    marks = {request[4:], overlap[4:], *(side.office.code for side in sides)}
    told: set[str] = set()
    for path, operations in document()["paths"].items():
        if "get" not in operations or path in OPEN_TO_ALL:
            continue
        address = re.sub(r"{(\w+)}", lambda name: known.get(name[1], ABSENT), path)
        for http in (office.http, stranger.http):
            answer = await http.get(address)
            assert answer.status_code < 500, path
            asked = {mark for mark in marks if mark in address}
            assert not [m for m in marks - asked if m in answer.text], (path, answer.text)
        head = (await sides[0].head()).http
        theirs = (await head.get(address)).text
        if any(mark in theirs for mark in marks):
            told.add(path)
    assert len(told) >= 15, told  # its parties are told by these
