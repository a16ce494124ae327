"""The tests of the ladder once more, on a database that hides nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from app.core.db import driver
from tests.access import test_matrix
from tests.access.test_matrix import TestObjects
from tests.cases.test_ladder import TestAgreements, TestGrants, TestRungs
from tests.database import Template
from tests.factories import Registry
from tests.invariants.test_i3_ladder import TestI3NotVisibleIsNotExisting
from tests.scenes import meet
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


@pytest.mark.long
class TestEveryRole(test_matrix.TestOperations):
    """Whom the oracle refuses an operation, whatever the database would give."""


async def test_the_database_hides_nothing(shared_registry: Registry) -> None:
    meeting = await meet(shared_registry, "silent", "silent")
    async with shared_registry.acting(await client_of(shared_registry, meeting.first)) as session:
        connection = await driver(session)
        assert await connection.fetchval("SELECT count(*) FROM cases") >= 2
        shown = await connection.fetchrow("SELECT reached, summary, code FROM shown_overlaps")
    assert shown is not None
    assert (shown["reached"], shown["code"]) == (4, meeting.second.code)
