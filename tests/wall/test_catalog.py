"""The catalog of a migrated database: every table guarded, every right on the committed list."""

from pathlib import Path

import asyncpg
import pytest

from tests.wall.catalog import rights, wrong

RIGHTS = Path(__file__).with_name("rights.txt")


class TestCatalog:
    async def test_has_nothing_wrong(self, database: asyncpg.Connection) -> None:
        assert await wrong(database) == []

    async def test_gives_the_rights_of_the_committed_list_and_no_other(
        self, database: asyncpg.Connection
    ) -> None:
        assert await rights(database) == RIGHTS.read_text().splitlines()

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ("CREATE TABLE added (office_id int)", "row security is not forced on added"),
            ("CREATE TABLE added (office_id int)", "no policy on added"),
            ("CREATE TABLE jobs.added ()", "row security is not forced on added"),
            ("CREATE SCHEMA added", "nobody looks at the schema added"),
            ("ALTER TABLE cases NO FORCE ROW LEVEL SECURITY", "is not forced on cases"),
            ("ALTER TABLE cases DISABLE ROW LEVEL SECURITY", "is not forced on cases"),
            ("ALTER TABLE cases OWNER TO CURRENT_USER", "cases belongs to"),
            ("CREATE VIEW seen AS SELECT 1", "seen sees with the rights of its owner"),
            ("CREATE MATERIALIZED VIEW seen AS SELECT 1", "seen sees with the rights"),
            ("ALTER VIEW shown_overlaps OWNER TO CURRENT_USER", "shown_overlaps belongs to"),
            ("GRANT SELECT ON cases TO PUBLIC", "everyone may use cases"),
            ("GRANT EXECUTE ON FUNCTION is_shown TO PUBLIC", "everyone may execute is_shown"),
            ("ALTER FUNCTION is_shown RESET ALL", "is_shown(uuid) has no fixed search path"),
            ("ALTER FUNCTION current_office SECURITY DEFINER", "current_office() has no fixed"),
        ],
    )
    async def test_of_a_careless_migration_is_refused(
        self, database: asyncpg.Connection, change: str, complaint: str
    ) -> None:
        await database.execute("RESET ROLE")
        await database.execute(change)
        assert any(complaint in each for each in await wrong(database))

    async def test_of_a_new_right_differs_from_the_list(self, database: asyncpg.Connection) -> None:
        for change in (
            "GRANT SELECT (summary) ON cases TO joinder_matcher",
            "CREATE POLICY more ON cases TO joinder_app USING (true)",
            "GRANT EXECUTE ON FUNCTION is_shown TO joinder_jobs",
        ):
            before = await rights(database)
            await database.execute(change)
            assert await rights(database) != before
