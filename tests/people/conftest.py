from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.database import Template
from tests.factories import Registry


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def people(database_template: Template, keys_directory: Path) -> AsyncIterator[Registry]:
    """Yield one registry for many tests of people; each brings people of its own."""
    with database_template.clone() as url:
        async with Registry.started(url, keys_directory, allow_loopback_providers=True) as started:
            yield started
