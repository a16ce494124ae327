"""nights of one office: for which office a run was, whether it was whole, why it left steps out

What was run for one office is read by its auditors and by nobody else's.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.guarding import unforced

revision: str = "0063"
down_revision: str | Sequence[str] | None = "0062"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

AUDITS = "(SELECT 'auditor' = ANY (current_roles()))"
READS = f'{AUDITS} AND (office_id IS NULL OR office_id = (SELECT current_office()))'
# of the runs that it reads
READS_STEP = f'{AUDITS} AND run_id IN (SELECT id FROM runs)'
READ = ('runs', 'offices')  # by the foreign key
STATES = "state IN ('running', 'succeeded', 'failed'{})"


def upgrade() -> None:
    op.add_column('runs', sa.Column('office_id', sa.BigInteger(), nullable=True))
    op.add_column(
        'runs', sa.Column('is_whole', sa.Boolean(), nullable=False, server_default=sa.text('true'))
    )
    for table in READ:
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
    op.create_foreign_key(op.f('fk_runs_office_id'), 'runs', 'offices', ['office_id'], ['id'])
    for table in READ:
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
    op.add_column('run_steps', sa.Column('reason', sa.String(), nullable=True))
    op.drop_constraint('ck_run_steps_state', 'run_steps')
    op.create_check_constraint(op.f('ck_run_steps_state'), 'run_steps', STATES.format(", 'left_out'"))
    op.create_check_constraint(
        op.f('ck_run_steps_reason'), 'run_steps', "(state = 'left_out') = (reason IS NOT NULL)"
    )
    op.execute('GRANT SELECT (office_id) ON runs TO joinder_app')
    op.execute('GRANT SELECT (reason) ON run_steps TO joinder_app')
    op.execute(f'ALTER POLICY app_select ON runs USING ({READS})')
    op.execute(f'ALTER POLICY app_select ON run_steps USING ({READS_STEP})')


def downgrade() -> None:
    op.execute(f'ALTER POLICY app_select ON run_steps USING ({AUDITS})')
    op.execute(f'ALTER POLICY app_select ON runs USING ({AUDITS})')
    op.drop_constraint('ck_run_steps_reason', 'run_steps')
    with unforced('runs', 'run_steps', 'run_offices'):  # all would read them, as nights
        op.execute('DELETE FROM runs WHERE office_id IS NOT NULL OR NOT is_whole')
    op.drop_constraint('ck_run_steps_state', 'run_steps')
    op.create_check_constraint(op.f('ck_run_steps_state'), 'run_steps', STATES.format(''))
    op.drop_column('run_steps', 'reason')
    op.drop_column('runs', 'is_whole')
    op.drop_column('runs', 'office_id')
