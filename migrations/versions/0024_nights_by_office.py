"""nights by office: how much of a step of the nightly run concerned which office"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | Sequence[str] | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

RULES = (
    # for the operator only: what concerns other offices is told to nobody
    ('SELECT', 'USING (true)'),
    ('INSERT', 'WITH CHECK (true)'),
    ('UPDATE', 'USING (true) WITH CHECK (true)'),
)


def upgrade() -> None:
    op.create_table('run_offices',
        sa.Column('run_id', sa.Uuid(), nullable=False),
        sa.Column('position', sa.SmallInteger(), nullable=False),
        sa.Column('office_id', sa.BigInteger(), nullable=False),
        sa.Column('count', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(['run_id', 'position'], ['run_steps.run_id', 'run_steps.position'], name=op.f('fk_run_offices_run_id_position'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_run_offices_office_id')),
        sa.PrimaryKeyConstraint('run_id', 'position', 'office_id', name=op.f('pk_run_offices')),
    )
    op.execute('ALTER TABLE run_offices ENABLE ROW LEVEL SECURITY')
    op.execute('ALTER TABLE run_offices FORCE ROW LEVEL SECURITY')
    for action, rows in RULES:
        op.execute(f'GRANT {action} ON run_offices TO joinder_jobs')
        op.execute(
            f'CREATE POLICY jobs_{action.lower()} ON run_offices FOR {action} TO joinder_jobs {rows}'
        )


def downgrade() -> None:
    op.drop_table('run_offices')
