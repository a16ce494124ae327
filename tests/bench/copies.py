"""Copies of tables with the same indexes and constraints, and tables without theirs for a while."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

_FOREIGN_KEYS = """
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'f'
"""
_CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = $1::regclass AND contype IN ('p', 'f', 'c') ORDER BY contype <> 'p'
"""
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = $1::regclass AND NOT indisprimary
"""


async def copy_of(database: asyncpg.Connection, table: str) -> str:
    """Make an empty table like `table`, foreign keys included, and return its name."""
    name = f"bench_{table}"
    await database.execute(
        f"DROP TABLE IF EXISTS {name}; CREATE TABLE {name} (LIKE {table} INCLUDING ALL)"
    )
    for (definition,) in await database.fetch(_FOREIGN_KEYS, table):
        await database.execute(f"ALTER TABLE {name} ADD {definition}")
    return name


@asynccontextmanager
async def unindexed(database: asyncpg.Connection, *tables: str) -> AsyncIterator[None]:
    """Take indexes and constraints off `tables` and put them back, so that filling is quick."""
    again: list[str] = []
    for table in tables:
        for name, definition in await database.fetch(_INDEXES, table):
            await database.execute(f"DROP INDEX {name}")
            again.append(definition)
        for name, definition in await database.fetch(_CONSTRAINTS, table):
            await database.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            again.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    yield
    for statement in again:
        await database.execute(statement)
