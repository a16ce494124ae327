"""insights: figures of a state, rounded and with the small ones left out"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.guarding import ALL, OFFICE, answer_as_ladder, guard

revision: str = "0026"
down_revision: str | Sequence[str] | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

IN_FORCE = """EXISTS (
    SELECT FROM public.participation_agreements a WHERE a.office_id = {office}
      AND a.effective_on <= public.current_day()
      AND (a.ends_on IS NULL OR a.ends_on > public.current_day()))"""
OF_STATE = f"""state = (SELECT o.state FROM offices o WHERE o.id = {OFFICE})
  AND (SELECT count(*) > 0 FROM participation_agreements a WHERE a.office_id = {OFFICE}
    AND a.effective_on <= current_day() AND (a.ends_on IS NULL OR a.ends_on > current_day()))"""

# What is stored may be read by every office of the state: nothing small is in it.
TABLES = {
    'insights': [
        ('app', 'SELECT', OF_STATE),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'UPDATE', ALL, ALL),
    ],
}

STRUCK = """EXISTS (SELECT FROM jsonb_array_elements(c.stages) AS s (stage)
      WHERE s.stage->>'stage' = '{stage}' AND NOT (s.stage->>'is_struck')::boolean
        AND NOT EXISTS (SELECT FROM jsonb_array_elements(c.stages) AS z (stage)
          WHERE z.stage->>'stage' = '{stage}' AND z.stage->>'on' = s.stage->>'on'
            AND (z.stage->>'is_struck')::boolean))"""

# With the rights of the ladder: counts of all offices of a state, of whom no row is read outside.
# A silent case counts nowhere, because that it exists must not show; neither does one that is held
# or has left. `largest` is what the office with most of it has. No office is named.
COUNT_INSIGHTS = f"""
CREATE FUNCTION count_insights(of_state text, trafficking text[], since text)
RETURNS TABLE (unit text, measure text, category text, breakdown text, place text, n bigint, largest bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN QUERY
  WITH taking_part AS MATERIALIZED (
    SELECT f.id FROM public.offices f WHERE f.state = of_state AND {IN_FORCE.format(office='f.id')}),
  told AS MATERIALIZED (
    SELECT c.id, c.office_id, coalesce(c.county_fips, '') AS county, c.trafficking_type,
      to_char(coalesce(c.opened_on, (c.posted_at AT TIME ZONE 'UTC')::date), 'YYYY-MM') AS month,
      coalesce(c.facts->>'origin', 'not_told') AS origin,
      CASE
        WHEN EXISTS (
          SELECT FROM jsonb_array_elements(coalesce(c.facts->'offences', '[]')) AS o (offence)
          WHERE o.offence->>'charged_on' IS NOT NULL
            AND (o.offence->>'statute' = ANY (trafficking) OR o.offence->>'nibrs' IN ('64A', '64B')))
        THEN 'trafficking'
        WHEN EXISTS (
          SELECT FROM jsonb_array_elements(coalesce(c.facts->'offences', '[]')) AS o (offence)
          WHERE o.offence->>'charged_on' IS NOT NULL)
        THEN 'other_offence'
        WHEN c.record_class IN ('charged', 'disposed') THEN 'not_told' ELSE 'none' END AS charges,
      CASE
        WHEN c.record_class = 'declined' THEN 'declined'
        WHEN {STRUCK.format(stage='sentenced')} THEN 'sentenced'
        WHEN {STRUCK.format(stage='dismissed')} THEN 'dismissed'
        WHEN c.record_class = 'disposed' THEN 'otherwise_disposed'
        WHEN c.record_class = 'charged' THEN 'charged'
        ELSE 'before_charges' END AS outcome
    FROM taking_part f JOIN public.cases c ON c.office_id = f.id
    WHERE c.disclosure <> 'silent' AND c.withdrawn_at IS NULL AND c.held_at IS NULL
      AND c.review_on > public.current_day()),
  cases_of AS (
    SELECT t.office_id, t.county, CASE WHEN t.month < since THEN '' ELSE t.month END AS month,
      t.trafficking_type, t.charges, t.origin, t.outcome, count(*) AS n
    FROM told t GROUP BY 1, 2, 3, 4, 5, 6, 7),
  sides AS (
    SELECT s.office_id, t.county,
      to_char(o.found_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month,
      CASE
        WHEN u.acknowledged_at IS NULL THEN 'not_yet'
        WHEN u.acknowledged_at < o.found_at + interval '1 day' THEN 'within_day'
        WHEN u.acknowledged_at < o.found_at + interval '3 days' THEN 'within_3_days'
        WHEN u.acknowledged_at < o.found_at + interval '7 days' THEN 'within_week'
        WHEN u.acknowledged_at < o.found_at + interval '30 days' THEN 'within_month'
        ELSE 'later' END AS acknowledgement,
      CASE WHEN u.resolved_evidence = o.evidence THEN u.resolution ELSE 'open' END AS resolution
    FROM told t
    JOIN public.overlap_sides s ON s.case_id = t.id AND s.office_id = t.office_id
    JOIN public.overlaps o ON o.id = s.overlap_id AND o.retracted_at IS NULL
    JOIN public.cases x ON x.id = s.other_case_id AND x.disclosure <> 'silent'
    LEFT JOIN public.follow_ups u ON u.office_id = s.office_id AND u.overlap_id = s.overlap_id
    WHERE {IN_FORCE.format(office='s.other_office_id')}
      AND NOT EXISTS (SELECT FROM public.case_walls w
        WHERE w.case_id IN (s.case_id, s.other_case_id) AND w.lifted_at IS NULL)),
  sides_of AS (
    SELECT d.office_id, d.county, CASE WHEN d.month < since THEN '' ELSE d.month END AS month,
      d.acknowledgement, d.resolution, count(*) AS n
    FROM sides d GROUP BY 1, 2, 3, 4, 5),
  named AS (
    SELECT 'cases' AS unit, m.measure, m.category, c.office_id, c.county, c.month, c.n
    FROM cases_of c CROSS JOIN LATERAL (VALUES
      ('', ''), ('trafficking', c.trafficking_type), ('charges', c.charges),
      ('origin', c.origin), ('outcomes', c.outcome)) AS m (measure, category)
    UNION ALL
    SELECT 'sides', m.measure, m.category, d.office_id, d.county, d.month, d.n
    FROM sides_of d CROSS JOIN LATERAL (VALUES
      ('', ''), ('acknowledgement', d.acknowledgement), ('resolutions', d.resolution))
      AS m (measure, category)),
  by_office AS (
    SELECT m.unit, m.measure, m.category, b.breakdown, b.place, m.office_id, sum(m.n) AS n
    FROM named m CROSS JOIN LATERAL (VALUES
      ('all', ''), ('county', m.county), ('month', m.month)) AS b (breakdown, place)
    GROUP BY 1, 2, 3, 4, 5, 6)
  SELECT g.unit::text, g.measure::text, g.category::text, g.breakdown::text, g.place::text,
    sum(g.n)::bigint, max(g.n)::bigint
  FROM by_office g GROUP BY 1, 2, 3, 4, 5;
END
$function$
"""


def upgrade() -> None:
    op.create_table('insights',
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('measure', sa.String(), nullable=False),
        sa.Column('breakdown', sa.String(), nullable=False),
        sa.Column('made_on', sa.Date(), nullable=False),
        sa.Column('figures', postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("breakdown IN ('county', 'month')", name=op.f('ck_insights_breakdown')),
        sa.CheckConstraint("jsonb_typeof(figures) = 'object'", name=op.f('ck_insights_figures')),
        sa.PrimaryKeyConstraint('state', 'measure', 'breakdown', name=op.f('pk_insights')),
    )
    for table, rules in TABLES.items():
        guard(table, rules)
    op.execute('GRANT SELECT (posted_at) ON cases TO joinder_ladder')
    op.execute(
        'GRANT SELECT (office_id, overlap_id, acknowledged_at, resolution, resolved_evidence)'
        ' ON follow_ups TO joinder_ladder'
    )
    op.execute('CREATE POLICY ladder_select ON follow_ups FOR SELECT TO joinder_ladder USING (true)')
    answer_as_ladder({'count_insights(text, text[], text)': COUNT_INSIGHTS}, 'jobs')


def downgrade() -> None:
    op.execute('SET LOCAL ROLE joinder_ladder')
    op.execute('DROP FUNCTION count_insights(text, text[], text)')
    op.execute('SET LOCAL ROLE joinder_owner')
    op.execute('DROP POLICY ladder_select ON follow_ups')
    op.execute('REVOKE SELECT ON follow_ups FROM joinder_ladder')
    op.execute('REVOKE SELECT (posted_at) ON cases FROM joinder_ladder')
    op.drop_table('insights')
