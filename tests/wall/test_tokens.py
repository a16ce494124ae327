"""Who reads or writes tokens across offices: the matcher alone, whatever a migration grants."""

from typing import Final

import asyncpg
import pytest

from tests.factories import Registry
from tests.scenes import meet
from tests.wall.acting import acting, office_id

MATCHER: Final = "joinder_matcher"
BEYOND: Final = {"joinder_owner", "joinder_backup"}
"""Whom row security or nobody's login keeps from them: who owns the tables, and who dumps them."""

_COLUMNS: Final = """
SELECT a.attrelid, c.relname, a.attname, a.attnum, a.atttypid
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
  AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'bytea'::regtype
"""
_HOLDERS: Final = f"SELECT relname FROM ({_COLUMNS}) AS c WHERE attname = 'token'"  # noqa: S608 -- constants only
# what anyone may do counts for everyone; a login has what its roles have
_RIGHTS: Final = f"""
SELECT r.rolname, c.relname, p.name
FROM pg_roles r
CROSS JOIN ({_COLUMNS}) AS c
CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES', 'DELETE', 'TRUNCATE',
                        'TRIGGER']) AS p (name)
WHERE c.attname = 'token' AND NOT r.rolsuper AND NOT r.rolcanlogin AND r.rolname !~ '^pg_'
  AND CASE WHEN p.name IN ('DELETE', 'TRUNCATE', 'TRIGGER')
           THEN has_table_privilege(r.oid, c.attrelid, p.name)
           ELSE has_column_privilege(r.oid, c.attrelid, c.attnum, p.name) END
"""  # noqa: S608 -- as above
LEND: Final = """
GRANT CREATE ON SCHEMA public TO joinder_matcher;
ALTER FUNCTION current_office SECURITY DEFINER;
ALTER FUNCTION current_office OWNER TO joinder_matcher
"""
_LENT: Final = """
SELECT p.oid::regprocedure::text FROM pg_proc p
WHERE p.prosecdef AND p.proowner::regrole::text = ANY($1)
"""


async def beside_the_matcher(connection: asyncpg.Connection) -> set[tuple[str, str, str]]:
    """Return role, table and right of everyone else whom the rows would let see tokens."""
    found = {tuple(row) for row in await connection.fetch(_RIGHTS)}
    lent = await connection.fetch(_LENT, [MATCHER, *BEYOND])
    return {row for row in found if row[0] not in BEYOND | {MATCHER}} | {
        ("anyone", name, "EXECUTE") for (name,) in lent
    }


class TestRights:
    async def test_only_an_office_reads_tokens_beside_the_matcher(
        self, database: asyncpg.Connection
    ) -> None:
        held = {name for (name,) in await database.fetch(_HOLDERS)}
        assert held == {
            *("tokens", "sightings", "hidden_sightings", "common_sightings", "suppressions")
        }
        of_its_own = held - {"suppressions"}
        assert await beside_the_matcher(database) == {
            ("joinder_app", name, "SELECT") for name in of_its_own
        }

    @pytest.mark.parametrize(
        "change",
        [
            "GRANT SELECT ON sightings TO joinder_jobs",
            "GRANT SELECT (token) ON suppressions TO joinder_app",
            "GRANT UPDATE (token) ON tokens TO joinder_jobs",
            "GRANT DELETE ON hidden_sightings TO joinder_audit",
            "GRANT SELECT ON tokens TO PUBLIC",
            "CREATE TABLE copied (token bytea); GRANT SELECT ON copied TO joinder_jobs",
            LEND,
        ],
    )
    async def test_a_new_one_is_noticed(self, database: asyncpg.Connection, change: str) -> None:
        before = await beside_the_matcher(database)
        await database.execute(change)
        assert await beside_the_matcher(database) > before


class TestRows:
    async def test_no_column_of_another_name_holds_a_token(self, module_registry: Registry) -> None:
        await meet(module_registry, "open", "open")
        columns = await module_registry.rows(_COLUMNS)
        stored = [(each.relname, each.attname) for each in columns]
        query = " UNION ALL ".join(
            f"SELECT '{table}', '{column}' WHERE EXISTS"  # noqa: S608 -- names from the catalog
            f' (SELECT FROM "{table}" x JOIN tokens t ON t.token = x."{column}")'
            for table, column in stored
        )
        holding = {tuple(row) for row in await module_registry.rows(query)}
        assert {("tokens", "token"), ("sightings", "token")} <= holding
        assert {column for _, column in holding} == {"token"}

    async def test_an_office_reads_its_own_alone(self, module_registry: Registry) -> None:
        meeting = await meet(module_registry, "open", "open")
        first = await office_id(module_registry, meeting.first)
        url = module_registry.app.state.settings.database_url.get_secret_value()
        for office, sees in ((first, True), (999_999, False), (0, False)):
            async with acting(url, "joinder_app", office) as connection:
                for table in ("tokens", "sightings", "hidden_sightings", "common_sightings"):
                    seen = await connection.fetchval(f"SELECT count(token) FROM {table}")  # noqa: S608 -- as above
                    assert not seen or sees, table
                owners = await connection.fetch("SELECT DISTINCT office_id FROM sightings")
                assert [row[0] for row in owners] == ([first] if sees else [])
