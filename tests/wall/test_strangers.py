"""Every table, with a row of another office in it: whoever has no part in that sees none of them.

The rows are made up from the catalog, so that a table that a migration adds is here by itself.
"""

import json
import re
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import httpx

from app.main import create_bare_app
from tests.access.people import sign_in
from tests.access.test_matrix import PEOPLE
from tests.blinding import case
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
OPERATIONS: Final = [
    (path, method, operation)
    for path, methods in create_bare_app().openapi()["paths"].items()
    for method, operation in methods.items()
    if "{" in path and not path.startswith(("/v1/me/", "/problems/", "/v1/agendas", "/v1/insights"))
]
"""Those about something that an office has."""
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


async def test_no_operation_tells_an_id_of_another_office_from_none(
    registry: Registry, fresh_database_url: str
) -> None:
    owner, stranger = await make_offices(registry, 2)
    person = await sign_in(registry, stranger, *PEOPLE)
    await owner.put_case("24-7", case())  # what `fill` makes is of this, the first
    await stranger.put_case("24-1", case())
    await fill(fresh_database_url, await office_id(registry, owner))
    not_found = set()
    for path, method, operation in OPERATIONS:
        theirs, none = [
            await ask(person.http, path, method, operation, key) for key in (KEY.hex, "f" * 32)
        ]
        assert theirs == none, (method, path)
        if theirs[0] == 404:
            not_found.add((method, path))
    assert len(not_found) > 40, not_found


async def ask(
    http: httpx.AsyncClient, path: str, method: str, operation: Any, key: str
) -> tuple[int, str]:
    """Call an operation about what is called `key`, below an own case where it is of a case.

    Returns status and body, without the key.
    """
    headers = {"Idempotency-Key": uuid4().hex}
    number = "24-7" if key == KEY.hex else "24-8"
    if path.count("{") > 2:
        number = "24-1"
    ref = {"source_system": "cms", "external_id": number}
    for parameter in operation.get("parameters", ()):
        name, example = parameter["name"], parameter["schema"]["examples"][0]
        if parameter["in"] == "path":
            head, underscore, _ = str(example).partition("_")
            found = head + underscore + key if underscore else name
            path = path.replace(f"{{{name}}}", ref.get(name, found))
        elif name == "If-Match":
            headers[name] = example
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    answer = await http.request(method, path, json=body.get("example"), headers=headers)
    return answer.status_code, re.sub(f'{key}|24-[78]|"trace_id":"[^"]*"', "", answer.text)
