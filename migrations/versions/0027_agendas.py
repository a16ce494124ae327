"""agendas: committees, and the sheet that each meeting reads"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.guarding import ALL, OFFICE, answer_as_ladder, guard

revision: str = "0027"
down_revision: str | Sequence[str] | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KNOWN = f'{OFFICE} IS NOT NULL'
IN_FORCE = """EXISTS (
    SELECT FROM public.participation_agreements a WHERE a.office_id = {office}
      AND a.effective_on <= public.current_day()
      AND (a.ends_on IS NULL OR a.ends_on > public.current_day()))"""
TAKES_PART = f"""(SELECT count(*) > 0 FROM participation_agreements a WHERE a.office_id = {OFFICE}
    AND a.effective_on <= current_day() AND (a.ends_on IS NULL OR a.ends_on > current_day()))"""
# the sheet of the own state, of the own committee; the Attorney General's: of every one of its state
OF_MEETING = f"""{TAKES_PART}
  AND state = (SELECT o.state FROM offices o WHERE o.id = {OFFICE})
  AND (committee_id = 0
    OR committee_id = (SELECT m.committee_id FROM committee_offices m WHERE m.office_id = {OFFICE})
    OR (SELECT o.kind = 'attorney_general' FROM offices o WHERE o.id = {OFFICE}))"""

TABLES = {
    'committees': [
        ('app', 'SELECT', KNOWN),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'UPDATE (name)', ALL, ALL),
        ('jobs', 'DELETE', ALL),
    ],
    'committee_offices': [
        ('app', 'SELECT', KNOWN),
        ('ladder', 'SELECT', ALL),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'DELETE', ALL),
    ],
    'agendas': [
        ('app', 'SELECT', OF_MEETING),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'UPDATE', ALL, ALL),
        ('jobs', 'DELETE', ALL),
    ],
}

# A pair of cases that every office of the meeting may hear counted: neither is silent, held or gone,
# and no wall cuts through.
COUNTED = """c.disclosure <> 'silent' AND c.withdrawn_at IS NULL AND c.held_at IS NULL
        AND NOT EXISTS (SELECT FROM public.case_walls w
          WHERE w.case_id = c.id AND w.lifted_at IS NULL)"""

# With the rights of the ladder: how many of what wait, by the committee that all offices in it sit in
# (0: none), and -1 for the whole state. `largest` is how many of them one office has a part in.
COUNT_AGENDA = f"""
CREATE FUNCTION count_agenda(of_state text, at timestamptz, new_since timestamptz, stale_since timestamptz, ends_by date)
RETURNS TABLE (committee bigint, topic text, n bigint, largest bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN QUERY
  WITH taking_part AS MATERIALIZED (
    SELECT f.id, coalesce(m.committee_id, 0) AS committee_id
    FROM public.offices f LEFT JOIN public.committee_offices m ON m.office_id = f.id
    WHERE f.state = of_state AND {IN_FORCE.format(office='f.id')}),
  pairs AS MATERIALIZED (
    SELECT o.id, o.found_at, s.office_id, t.office_id AS other_office_id,
      s.verdict AS one, t.verdict AS other
    FROM taking_part f
    JOIN public.overlap_sides s ON s.office_id = f.id
    JOIN taking_part g ON g.id = s.other_office_id
    JOIN public.overlaps o ON o.id = s.overlap_id AND o.retracted_at IS NULL
    JOIN public.overlap_sides t ON t.office_id = s.other_office_id AND t.overlap_id = s.overlap_id
    WHERE s.office_id < s.other_office_id
      AND (SELECT count(*) FROM public.cases c
           WHERE c.id IN (s.case_id, s.other_case_id) AND {COUNTED}) = 2),
  requests AS MATERIALIZED (
    SELECT h.id, h.status, m.ends_on, m.ended_at
    FROM public.handling_requests h
    LEFT JOIN public.matters m ON m.request_id = h.id
    WHERE h.sent_at IS NOT NULL AND (
        h.status IN ('sent', 'countered', 'escalated', 'accepted', 'awaiting_their_leadership')
        OR m.ended_at IS NULL AND m.ends_on <= ends_by
        OR m.ended_at BETWEEN new_since AND at)
      AND NOT EXISTS (
        SELECT FROM public.handling_parties p WHERE p.request_id = h.id AND (
          NOT EXISTS (SELECT FROM taking_part f WHERE f.id = p.office_id)
          OR p.overlap_id IS NOT NULL AND (
            SELECT count(*) FROM public.cases c
            WHERE c.id IN (p.case_id, p.requester_case_id) AND {COUNTED}) <> 2))),
  items AS (
    SELECT t.topic, 'overlap' || p.id AS item, o.office_id
    FROM pairs p
    CROSS JOIN LATERAL (VALUES
      ('new_overlaps', p.found_at >= new_since),
      ('stale_overlaps', p.found_at < stale_since AND (p.one IS NULL OR p.other IS NULL)),
      ('disagreements', 'confirmed' IN (p.one, p.other) AND 'not_a_match' IN (p.one, p.other))
    ) AS t (topic, is_one)
    CROSS JOIN LATERAL (VALUES (p.office_id), (p.other_office_id)) AS o (office_id)
    WHERE t.is_one
    UNION ALL
    SELECT 'pending_contacts', 'contact' || r.id, o.office_id
    FROM pairs p
    JOIN public.contact_requests r ON r.overlap_id = p.id AND r.status = 'pending'
    CROSS JOIN LATERAL (VALUES (p.office_id), (p.other_office_id)) AS o (office_id)
    UNION ALL
    SELECT t.topic, 'request' || h.id, p.office_id
    FROM requests h
    JOIN public.handling_parties p ON p.request_id = h.id
    CROSS JOIN LATERAL (VALUES
      ('pending_requests', h.status IN ('sent', 'countered', 'escalated', 'accepted', 'awaiting_their_leadership')),
      ('expiring_agreements', h.ended_at IS NULL AND h.ends_on <= ends_by),
      ('ended_agreements', h.ended_at IS NOT NULL)
    ) AS t (topic, is_one)
    WHERE t.is_one),
  placed AS (
    SELECT i.topic, i.item,
      CASE WHEN min(f.committee_id) = max(f.committee_id) THEN min(f.committee_id) ELSE 0 END AS committee
    FROM items i JOIN taking_part f ON f.id = i.office_id GROUP BY 1, 2),
  spread AS (
    SELECT r.committee, p.topic, p.item FROM placed p
    CROSS JOIN LATERAL (VALUES (p.committee), (-1)) AS r (committee)),
  by_office AS (
    SELECT s.committee, s.topic, i.office_id, count(*) AS n
    FROM spread s JOIN items i ON i.topic = s.topic AND i.item = s.item GROUP BY 1, 2, 3)
  SELECT s.committee::bigint, s.topic::text, count(*)::bigint,
    (SELECT max(b.n) FROM by_office b WHERE b.committee = s.committee AND b.topic = s.topic)::bigint
  FROM spread s GROUP BY s.committee, s.topic;
END
$function$
"""


SIGNATURE = 'count_agenda(text, timestamptz, timestamptz, timestamptz, date)'
READS = {
    'handling_requests': '(status)',
    'matters': '(ends_on, ended_at)',
    'contact_requests': '(id, overlap_id, status)',
}


def upgrade() -> None:
    op.create_table('committees',
        sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.CheckConstraint("state ~ '^[A-Z]{2}$'", name=op.f('ck_committees_state')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_committees')),
        sa.UniqueConstraint('state', 'name', name=op.f('uq_committees_name')),
    )
    op.create_table('committee_offices',
        sa.Column('office_id', sa.BigInteger(), nullable=False),
        sa.Column('committee_id', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_committee_offices_office_id')),
        sa.ForeignKeyConstraint(['committee_id'], ['committees.id'], ondelete='CASCADE',
                                name=op.f('fk_committee_offices_committee_id')),
        sa.PrimaryKeyConstraint('office_id', name=op.f('pk_committee_offices')),
    )
    op.create_index('ix_committee_offices_committee_id', 'committee_offices', ['committee_id'])
    op.create_table('agendas',
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('committee_id', sa.BigInteger(), nullable=False),
        sa.Column('made_on', sa.Date(), nullable=False),
        sa.Column('counts', postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("jsonb_typeof(counts) = 'object'", name=op.f('ck_agendas_counts')),
        sa.PrimaryKeyConstraint('state', 'committee_id', name=op.f('pk_agendas')),
    )
    for table, rules in TABLES.items():
        guard(table, rules)
    for table, columns in READS.items():
        op.execute(f'GRANT SELECT {columns} ON {table} TO joinder_ladder')
    op.execute('CREATE POLICY ladder_select ON contact_requests FOR SELECT TO joinder_ladder USING (true)')
    answer_as_ladder({SIGNATURE: COUNT_AGENDA}, 'jobs')


def downgrade() -> None:
    op.execute('SET LOCAL ROLE joinder_ladder')
    op.execute(f'DROP FUNCTION {SIGNATURE}')
    op.execute('SET LOCAL ROLE joinder_owner')
    op.execute('DROP POLICY ladder_select ON contact_requests')
    for table, columns in READS.items():
        op.execute(f'REVOKE SELECT {columns} ON {table} FROM joinder_ladder')
    for table in reversed(TABLES):
        op.drop_table(table)
