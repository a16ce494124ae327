"""the feed of newly charged defendants, and questions to specialist desks"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.guarding import ALL, OFFICE, OWN, guard

revision: str = '0017'
down_revision: str | Sequence[str] | None = '0016'
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KNOWN = f'{OFFICE} IS NOT NULL'
BOTH_TAKE_PART = """(SELECT count(DISTINCT a.office_id) = 2 FROM participation_agreements a
  WHERE a.office_id IN (infusion_questions.office_id, desk_office_id)
    AND a.effective_on <= current_day() AND (a.ends_on IS NULL OR a.ends_on > current_day()))"""
EITHER = f'{OFFICE} IN (office_id, desk_office_id) AND {BOTH_TAKE_PART}'
OFFERED = f"""{OWN} AND status = 'open' AND (
  SELECT true FROM infusion_desks d
  WHERE d.office_id = desk_office_id AND d.topic = infusion_questions.topic)"""
# each side leaves a question only where that side may bring it
BY_SIDE = f"""{OWN} AND status IN ('withdrawn', 'used', 'not_used')
  OR desk_office_id = {OFFICE} AND status IN ('taken', 'answered')"""

OF_CASES = '(feed_digests, feed_charged_on)'
TABLES = {
    'feed_choices': [
        ('app', 'SELECT', OWN),
        ('app', 'INSERT', OWN),
        ('app', 'UPDATE', OWN, OWN),
        ('ladder', 'SELECT', ALL),
    ],
    'infusion_desks': [
        ('app', 'SELECT', KNOWN),
        ('app', 'INSERT', OWN),
        ('app', 'DELETE', OWN),
    ],
    'infusion_questions': [
        ('app', 'SELECT', EITHER),
        ('app', 'INSERT', OFFERED),
        ('app', 'UPDATE (status, taken_by, taken_at, answer, answered_by, answered_at, use_code,'
                ' settled_at, version)', EITHER, BY_SIDE),
        ('jobs', 'SELECT (id, office_id, desk_office_id, status, expires_at, version)', ALL),
        ('jobs', 'UPDATE (status, settled_at, version)', ALL, "status = 'expired'"),
    ],
}

IN_FORCE = """EXISTS (
    SELECT FROM participation_agreements a WHERE a.office_id = {office}
      AND a.effective_on <= (SELECT current_day())
      AND (a.ends_on IS NULL OR a.ends_on > (SELECT current_day())))"""

# Who was charged in public, for the offices that take part; a case that is not open only if its
# office chose so, a silent one never. What holds is asked when it is read.
PUBLISHED_CHARGES = f"""
CREATE VIEW published_charges AS
SELECT c.id, c.office_id, c.feed_digests AS digests, c.feed_charged_on AS charged_on,
  f.code, f.name, f.state, f.contact_title, f.contact_phone, f.contact_email
FROM cases c
JOIN offices f ON f.id = c.office_id
WHERE c.feed_digests IS NOT NULL
  AND c.feed_charged_on > (SELECT current_day()) - 60
  AND c.record_class = 'charged' AND c.withdrawn_at IS NULL AND c.held_at IS NULL
  AND c.review_on > (SELECT current_day())
  AND (c.disclosure = 'open' OR c.disclosure = 'contact_first' AND (
    SELECT x.has_contact_first FROM feed_choices x WHERE x.office_id = c.office_id))
  AND (SELECT current_roles() && ARRAY['client', 'prosecutor', 'analyst', 'leadership'])
  AND NOT EXISTS (
    SELECT FROM case_walls w WHERE w.case_id = c.id AND w.lifted_at IS NULL
      AND (w.office_id = {OFFICE} OR w.person_id = (SELECT current_person())))
  AND {IN_FORCE.format(office=OFFICE)} AND {IN_FORCE.format(office='c.office_id')}
"""

SHAPES = {
    'status': "status IN ('open', 'taken', 'answered', 'used', 'not_used', 'withdrawn', 'expired')",
    'two_offices': 'office_id <> desk_office_id',
    'taken': "(taken_at IS NULL) = (taken_by IS NULL) AND (taken_at IS NOT NULL OR status <> 'taken')",
    'answered': """
(answer IS NOT NULL) = (status IN ('answered', 'used', 'not_used'))
AND num_nulls(answer, answered_by, answered_at) IN (0, 3)
""",
    'used': "(use_code IS NOT NULL) = (status IN ('used', 'not_used'))",
    'settled': "(settled_at IS NOT NULL) = (status IN ('used', 'not_used', 'withdrawn', 'expired'))",
}


def upgrade() -> None:
    op.add_column('cases', sa.Column('feed_digests', sa.LargeBinary(), nullable=True))
    op.add_column('cases', sa.Column('feed_charged_on', sa.Date(), nullable=True))
    op.execute(
        'ALTER TABLE cases ADD CONSTRAINT ck_cases_feed CHECK ('
        '(feed_digests IS NULL) = (feed_charged_on IS NULL)'
        ' AND octet_length(feed_digests) % 32 = 0)'
    )
    op.create_index('ix_cases_feed', 'cases', ['id'],
                    postgresql_where=sa.text('feed_digests IS NOT NULL'))
    op.execute(f'GRANT SELECT {OF_CASES}, SELECT (withdrawn_at, held_at, review_on) ON cases TO joinder_ladder')
    # a rotation adds what defendants are in the next epoch, and the nightly job ends the old ones
    op.execute(f'GRANT SELECT {OF_CASES}, UPDATE {OF_CASES} ON cases TO joinder_jobs')
    op.execute('ALTER POLICY jobs_update ON cases WITH CHECK (true)')
    op.create_table('feed_choices',
        sa.Column('office_id', sa.BigInteger(), nullable=False),
        sa.Column('has_contact_first', sa.Boolean(), nullable=False),
        sa.Column('chosen_by', sa.String(), nullable=False),
        sa.Column('chosen_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_feed_choices_office_id')),
        sa.PrimaryKeyConstraint('office_id', name=op.f('pk_feed_choices')),
    )
    op.create_table('infusion_desks',
        sa.Column('office_id', sa.BigInteger(), nullable=False),
        sa.Column('topic', sa.String(), nullable=False),
        sa.Column('offered_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_infusion_desks_office_id')),
        sa.PrimaryKeyConstraint('office_id', 'topic', name=op.f('pk_infusion_desks')),
    )
    op.create_table('infusion_questions',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('office_id', sa.BigInteger(), nullable=False),
        sa.Column('desk_office_id', sa.BigInteger(), nullable=False),
        sa.Column('topic', sa.String(), nullable=False),
        sa.Column('trafficking_type', sa.String(), nullable=False),
        sa.Column('industry', sa.String(), nullable=True),
        sa.Column('origin', sa.String(), nullable=True),
        sa.Column('stage', sa.String(), nullable=True),
        sa.Column('question', sa.String(), nullable=False),
        sa.Column('status', sa.String(), nullable=False),
        sa.Column('asked_by', sa.String(), nullable=False),
        sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('taken_by', sa.String(), nullable=True),
        sa.Column('taken_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('answer', sa.String(), nullable=True),
        sa.Column('answered_by', sa.String(), nullable=True),
        sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('use_code', sa.String(), nullable=True),
        sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('version', sa.Integer(), nullable=False),
        *(sa.CheckConstraint(rule, name=op.f(f'ck_infusion_questions_{name}'))
          for name, rule in SHAPES.items()),
        sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_infusion_questions_office_id')),
        sa.ForeignKeyConstraint(['desk_office_id'], ['offices.id'], name=op.f('fk_infusion_questions_desk_office_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_infusion_questions')),
    )
    op.create_index('ix_infusion_questions_office_id_id', 'infusion_questions', ['office_id', 'id'])
    op.create_index('ix_infusion_questions_desk_office_id_id', 'infusion_questions', ['desk_office_id', 'id'])
    op.create_index('ix_infusion_questions_expires_at', 'infusion_questions', ['expires_at'],
                    postgresql_where=sa.text("status IN ('open', 'taken')"))
    for table, rules in TABLES.items():
        guard(table, rules)
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    op.execute(PUBLISHED_CHARGES)
    op.execute('GRANT SELECT ON published_charges TO joinder_app')
    op.execute('ALTER VIEW published_charges OWNER TO joinder_ladder')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')


def downgrade() -> None:
    op.execute('SET LOCAL ROLE joinder_ladder')
    op.execute('DROP VIEW published_charges')
    op.execute('SET LOCAL ROLE joinder_owner')
    for table in TABLES:
        op.drop_table(table)
    op.execute('ALTER POLICY jobs_update ON cases WITH CHECK (false)')
    op.execute('REVOKE SELECT (withdrawn_at, held_at, review_on) ON cases FROM joinder_ladder')
    op.execute('ALTER TABLE cases DROP CONSTRAINT ck_cases_feed')
    op.drop_index('ix_cases_feed', 'cases')
    for name in ('feed_digests', 'feed_charged_on'):
        op.drop_column('cases', name)
