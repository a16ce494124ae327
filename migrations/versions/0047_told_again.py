"""told again: what was hidden while an office took no part is told once it takes part again

Readers went past it meanwhile. Only what they may read by then is shown, as ever.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0047"
down_revision: str | Sequence[str] | None = "0046"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# When the agreements that are there were recorded is not known: no later than they took effect
SCHEMA = """
ALTER TABLE participation_agreements ADD COLUMN recorded_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE participation_agreements ALTER COLUMN recorded_at SET DEFAULT now();
ALTER TABLE lapse_notices DROP CONSTRAINT ck_lapse_notices_stage,
  ADD CONSTRAINT ck_lapse_notices_stage CHECK (stage IN (30, 7, 0, -1));
GRANT SELECT (at, type, overlap_id, question_id) ON events TO joinder_ladder;
GRANT SELECT (id, office_id, desk_office_id) ON infusion_questions TO joinder_ladder;
CREATE POLICY ladder_select ON infusion_questions FOR SELECT TO joinder_ladder USING (true)
"""

# Also what came in the four days before: a reader that was away, or a message that was to be tried
# again, had not told it yet
TELL_AGAIN = """
CREATE FUNCTION tell_again(returned bigint, since timestamptz, until timestamptz)
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
    for statement in SCHEMA.strip().split(';\n'):
        op.execute(statement)
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    op.execute(TELL_AGAIN)
    op.execute(
        'GRANT EXECUTE ON FUNCTION tell_again(bigint, timestamptz, timestamptz) TO joinder_jobs'
    )
    op.execute(
        'ALTER FUNCTION tell_again(bigint, timestamptz, timestamptz) OWNER TO joinder_ladder'
    )
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')


def downgrade() -> None:
    raise NotImplementedError('What was hidden while an office took no part would never be told.')
