"""overlaps of a state: a page of a view reads as many rows as it shows, whatever is estimated

What the ladder decides of a row is a subquery of its own: no estimate of how much it keeps can
talk the planner into reading all that an office or a state has and sorting it. An overlap knows
the state of its two offices, if it is one.
"""

import re
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0040"
down_revision: str | Sequence[str] | None = "0039"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STATE_OF = """
SELECT f.state FROM public.cases a JOIN public.offices f ON f.id = a.office_id
JOIN public.cases b ON b.id = {overlap}.high_case_id
JOIN public.offices g ON g.id = b.office_id AND g.state = f.state
WHERE a.id = {overlap}.low_case_id
"""

# by the database, which the release before this one needs too
FIND_STATE = f"""
CREATE FUNCTION find_state() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  NEW.state := ({STATE_OF.format(overlap='NEW')});
  RETURN NEW;
END
$function$
"""

OF_SIDE = {
    'office_id': 's.office_id',
    'id': 's.overlap_id',
    'seen_at': 's.seen_at',
    'own_verdict': 's.verdict',
    'own_verdict_reason': 's.verdict_reason',
    'own_verdict_evidence': 's.verdict_evidence',
    'own_verdict_at': 's.verdict_at',
    'case_id': 's.case_id',
    'other_case_id': 's.other_case_id',
    'other_office_id': 's.other_office_id',
}
OF_OVERLAP = {
    name: f'o.{name}'
    for name in (
        *('version', 'strength', 'found_at', 'band', 'evidence'),
        *('retracted_at', 'retract_reason'),
    )
}
OF_STATE = {name: f'o.{name}' for name in ('id', 'version', 'found_at', 'band', 'state')}
OFFICE = '(SELECT current_office())'


def _fence(
    view: str, outside: str, columns: Mapping[str, str], *inside: tuple[str, str], where: str
) -> None:
    """Take the first tables out of a view; what it says of one of their rows is a subquery."""
    connection = op.get_bind()
    body = connection.scalar(sa.text(f"SELECT pg_get_viewdef('{view}'::regclass)"))
    names = connection.scalars(sa.text(
        f"SELECT attname FROM pg_attribute WHERE attrelid = '{view}'::regclass AND attnum > 0 ORDER BY attnum"
    ))
    shown = ', '.join(f"{columns.get(name, f'x.{name}')} AS {name}" for name in names)
    for pattern, instead in inside:
        body, count = re.subn(pattern, instead, body)
        assert count == 1, pattern
    body = body.rstrip().rstrip(';')
    op.execute('SET LOCAL ROLE joinder_ladder')
    op.execute(
        f'CREATE OR REPLACE VIEW {view} AS SELECT {shown} FROM {outside}'
        f' CROSS JOIN LATERAL ({body} OFFSET 0) AS x WHERE {where}'.replace(':', r'\:')
    )
    op.execute('SET LOCAL ROLE joinder_owner')


def upgrade() -> None:
    op.add_column('overlaps', sa.Column('state', sa.String(), nullable=True))
    for table in ('overlaps', 'cases', 'offices'):
        op.execute(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE "overlaps" DISABLE TRIGGER USER')  # nothing that anybody is told of
    op.execute(f'UPDATE "overlaps" o SET state = ({STATE_OF.format(overlap="o")})')
    op.execute('ALTER TABLE "overlaps" ENABLE TRIGGER USER')
    for table in ('overlaps', 'cases', 'offices'):
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
    op.create_index(
        'ix_overlaps_state_id', 'overlaps', ['state', 'id'], unique=False,
        postgresql_where=sa.text('state IS NOT NULL'),
    )
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    op.execute(FIND_STATE)
    op.execute(
        'CREATE TRIGGER find_state BEFORE INSERT ON "overlaps" FOR EACH ROW EXECUTE FUNCTION find_state()'
    )
    op.execute('ALTER FUNCTION find_state() OWNER TO joinder_ladder')
    _fence(
        'shown_overlaps',
        """overlap_sides s CROSS JOIN LATERAL (
          SELECT o.* FROM "overlaps" o WHERE o.id = s.overlap_id OFFSET 0) AS o""",
        OF_SIDE | OF_OVERLAP,
        (
            r'FROM \(\(\(\(\(\(overlap_sides s\s+JOIN "?overlaps"? o ON \(\(o\.id = s\.overlap_id\)\)\)'
            r'\s+JOIN overlap_sides t ON \(\(\(t\.office_id = s\.other_office_id\) AND \(t\.overlap_id = s\.overlap_id\)\)\)\)',
            'FROM ((((overlap_sides t',
        ),
        (
            r'WHERE \(\(s\.office_id = \( SELECT current_office\(\) AS current_office\)\)',
            'WHERE ((t.office_id = s.other_office_id) AND (t.overlap_id = s.overlap_id)',
        ),
        where=f's.office_id = {OFFICE}',
    )
    _fence(
        'state_overlaps',
        '"overlaps" o',
        OF_STATE,
        (
            r'FROM \(\(\(\(\(\("?overlaps"? o\s+JOIN cases low ON \(\(low\.id = o\.low_case_id\)\)\)',
            'FROM (((((cases low',
        ),
        (r'WHERE \(\(o\.retracted_at IS NULL\)', 'WHERE ((low.id = o.low_case_id)'),
        where=f"""o.retracted_at IS NULL AND o.state = (
          SELECT me.state FROM offices me WHERE me.id = {OFFICE} AND me.kind = 'attorney_general')""",
    )
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')


def downgrade() -> None:
    raise NotImplementedError('Nothing is gained by slower pages; the views say the same.')
