"""whether nights are late: the registry tells whoever asks if it is ready, and nothing else of runs"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import answer_as_ladder

revision: str = "0091"
down_revision: str | Sequence[str] | None = "0090"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Since when another whole run should have begun, or come to its end, null while none is late. Two
# hours are for timers that start at another time each day, 24 more for a night that takes long; one
# that was killed seems to be under way until the next one begins.
DUE = """
CREATE FUNCTION night_late_since(at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN (SELECT n.due_at FROM (
    SELECT least(coalesce(max(as_of) FILTER (WHERE state <> 'interrupted'), o.since)
                   + interval '26 hours',
                 coalesce(max(as_of) FILTER (WHERE state IN ('succeeded', 'failed')), o.since)
                   + interval '50 hours') AS due_at
    FROM (SELECT min(created_at) AS since FROM public.offices) AS o
    LEFT JOIN public.runs ON NOT is_dry AND is_whole AND office_id IS NULL
    GROUP BY o.since) AS n
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
