"""One clock says when things happened: the registry's, whichever machine the database is on."""

from typing import Final

from tests.factories import Registry

READ: Final = {
    "debit": "how much of an allowance is left now, which is compared with nothing else",
    "permit_batch": "the same",
    "note_origin": "only where the release before approved a grant",
}
"""Functions that read the database's clock, and what for."""
STAMPED: Final = {
    "audit_entries.at": "the audit is the database's own account",
    "events.at": "the order of the feed is that of its transactions",
    "participation_agreements.recorded_at": "of rows that the operator wrote by hand",
    "readings.logged_at": "the log of readings is the database's own account",
}


class TestClock:
    async def test_of_the_database_dates_only_what_nothing_of_the_registrys_is_compared_with(
        self, shared_registry: Registry
    ) -> None:
        functions = await shared_registry.rows(
            "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
            " WHERE n.nspname = 'public' AND p.prosrc ~* '(now|clock_timestamp)\\(\\)'"
        )
        columns = await shared_registry.rows(
            "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE"
            " table_schema = 'public' AND column_default ~* '(now|clock_timestamp)\\(\\)'"
        )
        assert {row[0] for row in functions} == READ.keys()
        assert {row[0] for row in columns} == STAMPED.keys()
