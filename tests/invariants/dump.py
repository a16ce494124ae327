"""Everything that is stored: as a thief of the database would hold it, or to be compared."""

from typing import Final

import asyncpg

from tests.factories import Registry

_TABLES: Final = (
    "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace"
    " AND c.relkind = 'r' ORDER BY 1"
)
_DIGEST: Final = "SELECT '{0}', md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM \"{0}\" t"


async def digests(registry: Registry) -> dict[str, str | None]:
    """Return a digest of the rows of each table, by one statement: it may be asked for often."""
    tables = await registry.rows(_TABLES)
    each = " UNION ALL ".join(_DIGEST.format(table) for (table,) in tables)
    return dict(map(tuple, await registry.rows(each)))


async def dump(url: str) -> dict[str, bytes]:
    """Return the contents of each table in COPY's binary format: values as they are, unescaped."""
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(_TABLES)
        return {table: await _copy(connection, table) for (table,) in tables}
    finally:
        await connection.close()


async def _copy(connection: asyncpg.Connection, table: str) -> bytes:
    parts: list[bytes] = []

    async def keep(part: bytes) -> None:
        parts.append(part)

    query = f'SELECT t.* FROM "{table}" t ORDER BY t::text'  # noqa: S608 -- a name from the catalog
    await connection.copy_from_query(query, output=keep, format="binary")
    return b"".join(parts)


def holding(tables: dict[str, bytes], value: bytes) -> list[str]:
    """Return the tables in which `value` occurs, as it is or as hexadecimal text."""
    forms = value, value.hex().encode(), value.hex().upper().encode()
    return [name for name, data in tables.items() if any(form in data for form in forms)]
