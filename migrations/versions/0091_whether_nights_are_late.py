"""whether nights are late: the registry tells whoever asks if it is ready, and nothing else of runs"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import answer_as_ladder

revision: str = "0091"
down_revision: str | Sequence[str] | None = "0090"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Since when another whole run should have begun, null while none is late. Two hours are for timers
# that start at another time each day; what was interrupted is still to be done.
DUE = """
CREATE FUNCTION night_late_since(at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN (SELECT n.due_at FROM (
    SELECT interval '26 hours' + coalesce(
      (SELECT max(as_of) FROM public.runs
       WHERE NOT is_dry AND is_whole AND office_id IS NULL AND state <> 'interrupted'),
      (SELECT min(created_at) FROM public.offices)) AS due_at) AS n
  WHERE n.due_at <= at);
END
$function$
"""


def upgrade() -> None:
    op.execute("GRANT SELECT (office_id, state, is_dry, is_whole, as_of) ON runs TO joinder_ladder")
    op.execute("CREATE POLICY ladder_select ON runs FOR SELECT TO joinder_ladder USING (true)")
    answer_as_ladder({"night_late_since(timestamptz)": DUE}, "app, joinder_jobs")


def downgrade() -> None:
    op.execute("SET LOCAL ROLE joinder_ladder")
    op.execute("DROP FUNCTION night_late_since(timestamptz)")
    op.execute("SET LOCAL ROLE joinder_owner")
    op.execute("DROP POLICY ladder_select ON runs")
    op.execute(
        "REVOKE SELECT (office_id, state, is_dry, is_whole, as_of) ON runs FROM joinder_ladder"
    )
