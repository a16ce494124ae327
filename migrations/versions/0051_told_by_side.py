"""told by side: what is told again is looked up by the office's overlaps, not among all events

An office that takes part for the first time has no day since when to look.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0051"
down_revision: str | Sequence[str] | None = "0050"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TELL_AGAIN = """
CREATE OR REPLACE FUNCTION tell_again(returned bigint, since timestamptz, until timestamptz)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO public.events (office_id, type, overlap_id, question_id)
  SELECT f.office_id, f.type, f.overlap_id, f.question_id FROM (
    SELECT e.number, e.at, e.office_id, e.type, e.overlap_id, e.question_id
    FROM public.overlap_sides s JOIN public.events e ON e.overlap_id = s.overlap_id
    WHERE s.office_id = returned
    UNION ALL
    SELECT e.number, e.at, e.office_id, e.type, e.overlap_id, e.question_id
    FROM public.infusion_questions q JOIN public.events e ON e.question_id = q.id
    WHERE returned IN (q.office_id, q.desk_office_id)) AS f
  WHERE f.at >= since - interval '4 days' AND f.at < until
  GROUP BY f.office_id, f.type, f.overlap_id, f.question_id
  ORDER BY min(f.number);
END
$function$
"""


def upgrade() -> None:
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    op.execute('SET LOCAL ROLE joinder_ladder')
    op.execute(TELL_AGAIN)
    op.execute('SET LOCAL ROLE joinder_owner')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')


def downgrade() -> None:
    raise NotImplementedError('The night would look through all events for each office.')
