from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.core.surface import Surface, surface
from tests.database import Template


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def shared_surface(
    database_template: Template, keys_directory: Path
) -> AsyncIterator[Surface]:
    """Yield registry and evaluator for tests that are refused and so leave nothing behind."""
    with database_template.clone() as url:
        async with surface(url, keys_directory) as found:
            yield found
