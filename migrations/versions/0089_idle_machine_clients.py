"""idle machine clients: when each was last used, so that one that nobody uses ends

Whoever was there before counts from the upgrade on.
"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import answer_as_ladder

revision: str = "0089"
down_revision: str | Sequence[str] | None = "0088"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# A client may write of itself that it was used, and nothing else. Once a day is enough.
USED = """
CREATE FUNCTION client_used(today date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  UPDATE public.client_credentials SET last_used_on = today
  WHERE id = (SELECT public.current_client())
    AND last_used_on IS DISTINCT FROM today;
END
$function$
"""


def upgrade() -> None:
    op.execute(
        "ALTER TABLE client_credentials ADD COLUMN last_used_on date,"
        " ADD COLUMN counted_from date NOT NULL DEFAULT CURRENT_DATE"
    )
    op.execute("GRANT SELECT (id, last_used_on) ON client_credentials TO joinder_ladder")
    op.execute("GRANT UPDATE (last_used_on) ON client_credentials TO joinder_ladder")
    for action in ("SELECT", "UPDATE"):
        op.execute(
            f"CREATE POLICY ladder_{action.lower()} ON client_credentials FOR {action}"
            " TO joinder_ladder USING (id = (SELECT current_client()))"
        )
    answer_as_ladder({"client_used(date)": USED}, "app")


def downgrade() -> None:
    op.execute("SET LOCAL ROLE joinder_ladder")
    op.execute("DROP FUNCTION client_used(date)")
    op.execute("SET LOCAL ROLE joinder_owner")
    for action in ("SELECT", "UPDATE"):
        op.execute(f"DROP POLICY ladder_{action.lower()} ON client_credentials")
    op.execute("REVOKE ALL (id, last_used_on) ON client_credentials FROM joinder_ladder")
    op.execute("ALTER TABLE client_credentials DROP COLUMN last_used_on, DROP COLUMN counted_from")
