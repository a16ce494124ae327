from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.database import Template
from tests.factories import Registry


@pytest.fixture(scope="module")
async def sandbox(database_template: Template, keys_directory: Path) -> AsyncIterator[Registry]:
    """Yield a registry whose webhooks may lead to this machine."""
    with database_template.clone() as url:
        async with Registry.started(url, keys_directory, allow_loopback_webhooks=True) as started:
            yield started
