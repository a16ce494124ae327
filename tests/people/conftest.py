from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.database import Template
from tests.factories import Registry
from tests.people.browsers import ORIGIN

CHEAP = {"password_memory_kib": 8, "password_passes": 1}


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def people(database_template: Template, keys_directory: Path) -> AsyncIterator[Registry]:
    """Yield one registry with cheap hashes for many tests; each brings people of its own."""
    with database_template.clone() as url:
        async with Registry.started(
            url, keys_directory, public_url=ORIGIN, allow_loopback_providers=True, **CHEAP
        ) as started:
            yield started
