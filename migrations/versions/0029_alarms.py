"""alarms: what somebody should look at, each finding once"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.guarding import OWN

revision: str = "0029"
down_revision: str | Sequence[str] | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

RULES = (
    ('app', 'SELECT', OWN, ''),
    # of a refusal, which is written where the refused transaction ended
    ('app', 'INSERT', '', f"{OWN} AND kind = 'allowance'"),
    ('jobs', 'SELECT', 'true', ''),
    ('jobs', 'INSERT', '', 'true'),
)


def upgrade() -> None:
    op.create_table('alarms',
        sa.Column('number', sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column('key', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False),
        sa.Column('office_id', sa.BigInteger(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('finding', sa.String(), nullable=False),
        sa.Column('count', sa.BigInteger(), nullable=False),
        sa.Column('raised_at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('canary', 'allowance', 'readings', 'short_lived')",
                           name=op.f('ck_alarms_kind')),
        sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_alarms_office_id')),
        sa.PrimaryKeyConstraint('number', name=op.f('pk_alarms')),
    )
    op.create_index('uq_alarms_finding', 'alarms', ['office_id', 'kind', 'finding'], unique=True)
    op.create_index('ix_alarms_office_id_number', 'alarms', ['office_id', 'number'])
    op.execute('ALTER TABLE alarms ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE alarms FORCE ROW LEVEL SECURITY')
    for role, action, reached, made in RULES:
        op.execute(f'GRANT {action} ON alarms TO joinder_{role}')
        using = f' USING ({reached})' if reached else ''
        check = f' WITH CHECK ({made})' if made else ''
        op.execute(f'CREATE POLICY {role}_{action.lower()} ON alarms FOR {action}'
                   f' TO joinder_{role}{using}{check}')
    # how many summaries an office opened, and how soon its cases were taken back; neither by whom
    op.execute('GRANT SELECT (office_id, logged_at) ON readings TO joinder_jobs')
    op.execute('CREATE POLICY jobs_select ON readings FOR SELECT TO joinder_jobs USING (true)')
    op.execute('GRANT SELECT (posted_at) ON cases TO joinder_jobs')


def downgrade() -> None:
    op.execute('REVOKE SELECT (posted_at) ON cases FROM joinder_jobs')
    op.execute('DROP POLICY jobs_select ON readings')
    op.execute('REVOKE SELECT (office_id, logged_at) ON readings FROM joinder_jobs')
    op.drop_table('alarms')
