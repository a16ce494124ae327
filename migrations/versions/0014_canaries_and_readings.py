"""canaries, the log of readings, the yearly review of access"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.guarding import ALL, OFFICE, OWN, guard

revision: str = '0014'
down_revision: str | Sequence[str] | None = '0013'
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


READING = f"""{OWN} AND (
  SELECT true FROM shown_overlaps v
  WHERE v.id = readings.overlap_id AND v.case_id = office_case_id
    AND v.other_case_id = readings.case_id AND v.other_office_id = owner_office_id)"""

# table -> (role, privilege, rows that it reaches or, for INSERT, may make): see 0010
TABLES = {
    # who read it, and of which office, is not the owner's to select: `shown_overlaps` tells it
    'readings': [
        ('app', 'INSERT', READING),
        ('app', 'SELECT (id, case_id, overlap_id, reader, roles, rung, reason, read_at)',
                f'owner_office_id = {OFFICE} AND is_shown(overlap_id)'),
    ],
    'access_reviews': [
        ('app', 'SELECT', OWN),
        ('app', 'INSERT', OWN),
        ('app', 'UPDATE (reviewed_at)', OWN, OWN),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'UPDATE (reminded_at)', ALL, ALL),
    ],
    'canary_alarms': [
        ('matcher', 'INSERT', OWN),
        ('jobs', 'SELECT', ALL),
    ],
}


def upgrade() -> None:
    op.create_table('readings',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('case_id', sa.BigInteger(), nullable=False),
    sa.Column('owner_office_id', sa.Integer(), nullable=False),
    sa.Column('overlap_id', sa.Uuid(), nullable=False),
    sa.Column('office_id', sa.Integer(), nullable=False),
    sa.Column('office_case_id', sa.BigInteger(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('reader', sa.String(), nullable=False),
    sa.Column('roles', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('rung', sa.SmallInteger(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("reader IN ('client', 'person')", name=op.f('ck_readings_reader')),
    sa.CheckConstraint('rung BETWEEN 1 AND 4', name=op.f('ck_readings_rung')),
    sa.CheckConstraint("reason IN ('investigation', 'charging', 'plea', 'joint_handling', 'victim_safety', 'supervision')", name=op.f('ck_readings_reason')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_readings'))
    )
    op.create_index('ix_readings_case_id_id', 'readings', ['case_id', 'id'])
    op.create_table('canary_alarms',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('canary_id', sa.Uuid(), nullable=False),
    sa.Column('office_id', sa.Integer(), nullable=False),
    sa.Column('case_id', sa.BigInteger(), nullable=False),
    sa.Column('raised_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['canary_id'], ['suppressions.id'], name=op.f('fk_canary_alarms_canary_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_canary_alarms'))
    )
    op.create_table('access_reviews',
    sa.Column('office_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('reviewed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reminded_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_access_reviews_office_id')),
    sa.PrimaryKeyConstraint('office_id', name=op.f('pk_access_reviews'))
    )
    for table, rules in TABLES.items():
        guard(table, rules)

    op.drop_constraint(op.f('ck_suppressions_mode'), 'suppressions')
    op.create_check_constraint(op.f('ck_suppressions_mode'), 'suppressions', "mode IN ('inform', 'down_weight', 'block', 'alarm')")
    op.create_check_constraint(op.f('ck_suppressions_canary'), 'suppressions', "mode <> 'alarm' OR scope = 'office'")
    # an office that suppresses the value of its own canary is not told that it is one
    op.drop_index('uq_suppressions_standing', 'suppressions')
    op.create_index('uq_suppressions_standing', 'suppressions', ['token', 'office_id', 'scope', sa.text("(mode = 'alarm')")], unique=True, postgresql_where=sa.text('ended_at IS NULL'))


def downgrade() -> None:
    op.execute('ALTER TABLE suppressions NO FORCE ROW LEVEL SECURITY')
    op.drop_table('access_reviews')
    op.drop_table('canary_alarms')
    op.drop_table('readings')
    op.execute("DELETE FROM suppressions WHERE mode = 'alarm'")
    op.drop_index('uq_suppressions_standing', 'suppressions')
    op.create_index('uq_suppressions_standing', 'suppressions', ['token', 'office_id', 'scope'], unique=True, postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_constraint(op.f('ck_suppressions_canary'), 'suppressions')
    op.drop_constraint(op.f('ck_suppressions_mode'), 'suppressions')
    op.create_check_constraint(op.f('ck_suppressions_mode'), 'suppressions', "mode IN ('inform', 'down_weight', 'block')")
    op.execute('ALTER TABLE suppressions FORCE ROW LEVEL SECURITY')
