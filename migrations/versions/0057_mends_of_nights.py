"""mends of nights: purged overlaps leave checks, events told again are told once, mails sent again

A check is the record of the office that made it and stays; of a case that is purged nothing does.
Several offices that take part again in one night share overlaps: each event is written once. The
operator puts mails that were given up into the outbox again.
"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import unforced

revision: str = "0057"
down_revision: str | Sequence[str] | None = "0056"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SCHEMA = """
GRANT SELECT (case_id, shown), UPDATE (shown) ON checks TO joinder_ladder;
CREATE POLICY ladder_select ON checks FOR SELECT TO joinder_ladder USING (true);
CREATE POLICY ladder_update ON checks FOR UPDATE TO joinder_ladder USING (true) WITH CHECK (true);
GRANT UPDATE (state, attempts, due_at, error) ON mails TO joinder_jobs
"""

# Checks name an overlap as it is called outside
FORGET_SHOWN = """
CREATE FUNCTION forget_shown() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  gone text := 'ovl_' || replace(OLD.id::text, '-', '');
BEGIN
  UPDATE public.checks SET shown = (
    SELECT coalesce(jsonb_agg(s.each ORDER BY s.place), '[]')
    FROM jsonb_array_elements(shown) WITH ORDINALITY AS s (each, place)
    WHERE s.each ->> 'overlap_id' <> gone)
  WHERE case_id IN (OLD.low_case_id, OLD.high_case_id)
    AND shown @> jsonb_build_array(jsonb_build_object('overlap_id', gone));
  RETURN NULL;
END
$function$
"""

# As the one for a single office, which the release before calls. Also what came in the four days
# before: a reader that was away, or a message that was to be tried again, had not told it yet
TELL_AGAIN = """
CREATE FUNCTION tell_again(returned bigint[], since timestamptz[], until timestamptz[])
RETURNS TABLE (office_id bigint, events bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH back AS (
    SELECT * FROM unnest(returned, since, until) AS b (returned_id, since, until)),
  missed AS (
    SELECT b.returned_id, e.number, e.office_id, e.type, e.overlap_id, e.question_id
    FROM back b JOIN public.overlap_sides s ON s.office_id = b.returned_id
    JOIN public.events e ON e.overlap_id = s.overlap_id
      AND e.at >= b.since - interval '4 days' AND e.at < b.until
    UNION ALL
    SELECT b.returned_id, e.number, e.office_id, e.type, e.overlap_id, e.question_id
    FROM back b JOIN public.infusion_questions q ON b.returned_id IN (q.office_id, q.desk_office_id)
    JOIN public.events e ON e.question_id = q.id
      AND e.at >= b.since - interval '4 days' AND e.at < b.until),
  written AS (
    INSERT INTO public.events (office_id, type, overlap_id, question_id)
    SELECT m.office_id, m.type, m.overlap_id, m.question_id FROM missed m
    GROUP BY m.office_id, m.type, m.overlap_id, m.question_id
    ORDER BY min(m.number))
  SELECT m.returned_id, count(*) FROM missed m GROUP BY m.returned_id;
END
$function$
"""


# what went, or was saved, before
CLEAN = """
UPDATE checks SET shown = (
  SELECT coalesce(jsonb_agg(s.each ORDER BY s.place), '[]')
  FROM jsonb_array_elements(shown) WITH ORDINALITY AS s (each, place)
  WHERE EXISTS (SELECT FROM "overlaps" o
                WHERE o.id = substr(s.each ->> 'overlap_id', 5)::uuid))
WHERE EXISTS (
  SELECT FROM jsonb_array_elements(shown) AS s (each)
  WHERE NOT EXISTS (SELECT FROM "overlaps" o
                    WHERE o.id = substr(s.each ->> 'overlap_id', 5)::uuid));
UPDATE saved_views SET filters = btrim(regexp_replace('&' || filters, '&case=[^&]*', '', 'g'), '&')
WHERE '&' || filters LIKE '%&case=%'
"""


def upgrade() -> None:
    with unforced('checks', 'overlaps', 'saved_views'):
        for statement in CLEAN.strip().split(';\n'):
            op.execute(statement)
    for statement in SCHEMA.strip().split(';\n'):
        op.execute(statement)
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    op.execute(TELL_AGAIN)
    op.execute(FORGET_SHOWN)
    op.execute(
        'CREATE TRIGGER forget_shown AFTER DELETE ON "overlaps"'
        ' FOR EACH ROW EXECUTE FUNCTION forget_shown()'
    )
    op.execute(
        'GRANT EXECUTE ON FUNCTION tell_again(bigint[], timestamptz[], timestamptz[])'
        ' TO joinder_jobs'
    )
    op.execute(
        'ALTER FUNCTION tell_again(bigint[], timestamptz[], timestamptz[]) OWNER TO joinder_ladder'
    )
    op.execute('ALTER FUNCTION forget_shown() OWNER TO joinder_ladder')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')


def downgrade() -> None:
    raise NotImplementedError('What checks had shown of purged cases is gone.')
