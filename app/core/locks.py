from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.core.db import Sessions

_ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


@asynccontextmanager
async def held(sessions: Sessions, name: str) -> AsyncIterator[bool]:
    """Yield whether this process alone holds the lock `name`, on a connection of its own.

    It is a lock of the connection, so a process that dies gives it back at once. It is held outside
    of transactions: the bound on idle ones does not end it.
    """
    engine: AsyncEngine = sessions.kw["bind"]
    async with engine.connect() as connection:
        own = await connection.execution_options(isolation_level="AUTOCOMMIT")
        is_held = await own.scalar(text("SELECT pg_try_advisory_lock(hashtext(:n))"), {"n": name})
        try:
            yield bool(is_held)
        finally:
            if is_held:
                await own.execute(text("SELECT pg_advisory_unlock(hashtext(:n))"), {"n": name})


async def alone(session: AsyncSession, name: str) -> None:
    """Wait until no other transaction has the lock `name`, and have it until this one ends.

    For what is counted, or looked for, before it is added: a row that is not there locks nobody.
    """
    await session.execute(_ALONE, {"name": name})


async def is_held(session: AsyncSession, name: str) -> bool:
    """Return whether any process holds the lock `name` of this database."""
    found = await session.scalar(
        text(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND objid::bigint = hashtext(:n)::bigint & 4294967295)"
        ),
        {"n": name},
    )
    return bool(found)
