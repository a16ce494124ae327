"""Every table, with a row of another office in it: whoever has no part in that sees none of them.

The rows are made up from the catalog, so that a table that a migration adds is here by itself.
"""

import json
from typing import Any, Final
from uuid import UUID

import asyncpg

from tests.factories import Registry
from tests.scenes import make_offices
from tests.wall.acting import acting, office_id

KEY: Final = UUID("0198a3c0-b1c2-7d3e-8f90-a1b2c3d4e5f6")
TO_ALL: Final = {
    *("offices", "office_contacts", "commitments", "participation_agreements", "state_settings"),
    *("committees", "committee_offices", "infusion_desks"),
    *("key_epochs", "runs", "run_steps", "spent_challenges"),
}
"""What every office may read: the directory and who meets with whom, what the registry does, and
digests of challenges that were answered."""
_COLUMNS: Final = """
SELECT c.relname, array_agg(a.attname ORDER BY attnum), array_agg(
  CASE WHEN t.typcategory = 'A' THEN 'array' ELSE t.typname END ORDER BY attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped
JOIN pg_type t ON t.oid = a.atttypid
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
  AND attidentity = ''
GROUP BY relname
"""
_CONSTRAINTS: Final = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace ORDER BY contype = 'c'
"""


async def fill(url: str, office: int) -> set[str]:
    """Put a row of an office into every table that has none, whatever it means; return those."""
    now = "2026-03-02T15:04:05Z"
    values: dict[str, Any] = {
        **dict.fromkeys(("int2", "int4", "int8", "float8", "numeric"), 1),
        **dict.fromkeys(("text", "varchar"), "x"),
        **dict.fromkeys(("timestamptz", "date"), now),
        "uuid": str(KEY),
        "bool": False,
        "bytea": "\\x00",
        "array": [],
        "jsonb": {},
        "json": {},
    }
    connection = await asyncpg.connect(url)
    for (statement,) in await connection.fetch(_CONSTRAINTS):
        await connection.execute(statement)
    filled = set()
    for table, names, types in await connection.fetch(_COLUMNS):
        row = {name: values[kind] for name, kind in zip(names, types, strict=True)}
        row |= {name: office for name in names if name.endswith("office_id")}
        row |= {name: None for name in names if name in {"lifted_at", "ended_at", "revoked_at"}}
        await connection.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
        if not await connection.fetchval(f'SELECT count(*) FROM "{table}"'):  # noqa: S608 -- a name from the catalog
            await connection.execute(
                f'INSERT INTO "{table}" ({", ".join(names)}) SELECT {", ".join(names)}'  # noqa: S608 -- as above
                f' FROM jsonb_populate_record(NULL::"{table}", $1)',
                json.dumps(row),
            )
            filled.add(table)
    await connection.close()
    return filled


EVERYTHING: Final = (
    "SELECT set_config('joinder.roles', 'client,prosecutor,analyst,leadership,coordinator,"
    "administrator,auditor', true), set_config('joinder.client', gen_random_uuid()::text,"
    " true), set_config('joinder.person', gen_random_uuid()::text, true)"
)
_WRITABLE: Final = """
SELECT c.relname, min(a.attname) FILTER (WHERE has_column_privilege(c.oid, attnum, 'UPDATE')),
  has_table_privilege(c.oid, 'DELETE')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
  AND attidentity = ''
GROUP BY c.oid, relname
"""


async def changed(url: str, office: int) -> set[str]:
    """Return the tables of which the application's role reaches a row to change as this office.

    Nothing is read for it, so what the role may read does not count.
    """
    found = set()
    async with acting(url, "joinder_app", office) as connection:
        await connection.execute(EVERYTHING)
        for table, column, may_delete in await connection.fetch(_WRITABLE):
            acts = [f'UPDATE "{table}" SET {column} = DEFAULT'] if column else []  # noqa: S608 -- names from the catalog
            acts += [f'DELETE FROM "{table}"'] if may_delete else []  # noqa: S608 -- as above
            for act in acts:
                attempt = connection.transaction()
                await attempt.start()
                try:
                    if not (await connection.execute(act)).endswith(" 0"):
                        found.add(table)
                except asyncpg.PostgresError:  # it reached a row, and left it as it must not be
                    found.add(table)
                finally:
                    await attempt.rollback()
    return found


async def seen(url: str, office: int) -> set[str]:
    """Return the tables of which the application's role sees a row as this office."""
    async with acting(url, "joinder_app", office) as connection:
        await connection.execute(EVERYTHING)
        readable = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'v') AND relname <> 'alembic_version'"
            " AND has_any_column_privilege(oid, 'SELECT')"
        )
        return {
            name
            for (name,) in readable
            if await connection.fetchval(f'SELECT count(*) FROM "{name}"')  # noqa: S608 -- as above
        }


async def test_of_no_table_a_stranger_sees_or_reaches_a_row(
    registry: Registry, fresh_database_url: str
) -> None:
    owner, stranger = [
        await office_id(registry, office) for office in await make_offices(registry, 2)
    ]
    filled = await fill(fresh_database_url, owner)
    assert len(filled) > 50
    own = await seen(fresh_database_url, stranger)
    assert own & filled <= TO_ALL
    assert not own & {"shown_overlaps", "state_overlaps", "published_charges"}
    assert len(await seen(fresh_database_url, owner) & filled - own) > 25  # the rows are there
    reached = await changed(fresh_database_url, stranger)
    assert not reached & filled
    assert len(await changed(fresh_database_url, owner) & filled - reached) > 15
