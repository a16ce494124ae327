from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.core.db import Role, become, driver, transaction

_ONLY_READS = text("SET TRANSACTION READ ONLY")


@asynccontextmanager
async def beside(session: AsyncSession, role: Role) -> AsyncIterator[asyncpg.Connection]:
    """Yield a second connection of the session's pool that reads as `role`, for work at once.

    It sees what was committed, and nothing that the session's own transaction did. A process of the
    server that a pool keeps has mapped the memory that it reads; one that a parallel plan starts
    would have to do so first, which takes 50 ms of each statement that goes through an index.
    """
    async with transaction(async_sessionmaker(session.bind)) as other:
        await other.execute(_ONLY_READS)
        await become(other, role)
        yield await driver(other)
