"""lapses: notices that something ends, and events about no case and no overlap"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | Sequence[str] | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

RULES = (
    ('SELECT', 'USING (true)'),
    ('INSERT', 'WITH CHECK (true)'),
    ('DELETE', 'USING (true)'),
)
# when a grant ends and whose it is, and nothing of what it gives
OF_GRANTS = '(id, case_id, grantee_office_id, overlap_id, granted_at, expires_at, revoked_at, approval)'
ONE = 'num_nonnulls(overlap_id, case_id) = 1'
# what is the office's as a whole, or a grant of no one overlap
OR_NONE = (
    f"{ONE} OR num_nonnulls(overlap_id, case_id) = 0 AND split_part(type, '.', 1)"
    " IN ('grant', 'participation', 'commitment', 'handling')"
)


def upgrade() -> None:
    op.create_table('lapse_notices',
        sa.Column('office_id', sa.BigInteger(), nullable=False),
        sa.Column('what', sa.String(), nullable=False),
        sa.Column('key', sa.String(), nullable=False),
        sa.Column('ends_on', sa.Date(), nullable=False),
        sa.Column('stage', sa.SmallInteger(), nullable=False),
        sa.Column('told_at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("what IN ('case', 'grant', 'participation', 'commitment', 'handling')", name=op.f('ck_lapse_notices_what')),
        sa.CheckConstraint('stage IN (30, 7, 0)', name=op.f('ck_lapse_notices_stage')),
        sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_lapse_notices_office_id')),
        sa.PrimaryKeyConstraint('office_id', 'what', 'key', 'ends_on', 'stage', name=op.f('pk_lapse_notices')),
    )
    op.execute('ALTER TABLE lapse_notices ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE lapse_notices FORCE ROW LEVEL SECURITY')
    for action, rows in RULES:
        op.execute(f'GRANT {action} ON lapse_notices TO joinder_jobs')
        op.execute(
            f'CREATE POLICY jobs_{action.lower()} ON lapse_notices FOR {action} TO joinder_jobs {rows}'
        )
    op.execute(f'GRANT SELECT {OF_GRANTS} ON case_grants TO joinder_jobs')
    op.execute('CREATE POLICY jobs_select ON case_grants FOR SELECT TO joinder_jobs USING (true)')
    op.execute(f'ALTER TABLE events DROP CONSTRAINT ck_events_about, ADD CONSTRAINT ck_events_about CHECK ({OR_NONE})')


def downgrade() -> None:
    op.execute('ALTER TABLE events NO FORCE ROW LEVEL SECURITY')
    op.execute('DELETE FROM events WHERE num_nonnulls(overlap_id, case_id) = 0')
    op.execute('ALTER TABLE events FORCE ROW LEVEL SECURITY')
    op.execute(f'ALTER TABLE events DROP CONSTRAINT ck_events_about, ADD CONSTRAINT ck_events_about CHECK ({ONE})')
    op.execute('DROP POLICY jobs_select ON case_grants')
    op.execute(f'REVOKE SELECT {OF_GRANTS} ON case_grants FROM joinder_jobs')
    op.drop_table('lapse_notices')
