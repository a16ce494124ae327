"""What migrations share: fragments of policies, row security, functions that read across offices.

Migrations that have run rest on this file: it gains, and never changes.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from alembic import op

OFFICE: Final = "(SELECT current_office())"
PERSON: Final = "(SELECT current_person())"
OWN: Final = f"office_id = {OFFICE}"
OF_OWN_CASE: Final = f"(SELECT true FROM cases c WHERE c.id = case_id AND c.{OWN})"
OF_OWN_PERSON: Final = f"(SELECT true FROM persons p WHERE p.id = person_id AND p.{OWN})"
ALL: Final = "true"


def guard(table: str, rules: Sequence[tuple[str, ...]]) -> None:
    """Force row security on a table and give each role what the rules say.

    A rule is a role, a privilege, the rows that it reaches (that it may make, for INSERT), and the
    rows that it may leave behind, for UPDATE.
    """
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for role, privilege, rows, *left in rules:
        op.execute(f"GRANT {privilege} ON {table} TO joinder_{role}")
        action = privilege.split()[0]
        reach = f" USING ({rows})" if action != "INSERT" else ""
        kept = rows if action == "INSERT" else left[0] if left else None
        check = f" WITH CHECK ({kept})" if kept else ""
        op.execute(
            f"CREATE POLICY {role}_{action.lower()} ON {table} FOR {action}"
            f" TO joinder_{role}{reach}{check}"
        )


@contextmanager
def unforced(*tables: str) -> Iterator[None]:
    """Let the owner, whom row security holds too, bring all rows of `tables` up to date."""
    for table in tables:
        op.execute(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY')
    yield
    for table in tables:
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')


def answer_as_ladder(functions: Mapping[str, str], caller: str) -> None:
    """Make functions that a role may call and that read as `joinder_ladder`, across offices."""
    op.execute("GRANT CREATE ON SCHEMA public TO joinder_ladder")
    for name, definition in functions.items():
        op.execute(definition)
        op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO joinder_{caller}")
        op.execute(f"ALTER FUNCTION {name} OWNER TO joinder_ladder")
    op.execute("REVOKE CREATE ON SCHEMA public FROM joinder_ladder")


def forget_events(*types: str) -> None:
    """Delete the events of types that the release before cannot read, and that they were muted."""
    with unforced("events", "notice_settings"):
        for each in types:
            op.execute(f"DELETE FROM events WHERE type = '{each}'")
            op.execute(
                f"UPDATE notice_settings SET muted = array_remove(muted, '{each}')"
                f" WHERE '{each}' = ANY (muted)"
            )
