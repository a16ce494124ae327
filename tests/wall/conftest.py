from collections.abc import AsyncIterator

import asyncpg
import pytest


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Yield a connection whose changes are rolled back."""
    connection = await asyncpg.connect(database_url)
    change = connection.transaction()
    await change.start()
    yield connection
    await change.rollback()
    await connection.close()
