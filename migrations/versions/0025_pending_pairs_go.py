"""pending pairs go: a pair that waits to be found anew goes with its case"""

from collections.abc import Sequence

from alembic import op

revision: str = "0025"
down_revision: str | Sequence[str] | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = ('low_case_id', 'high_case_id')
BOUND = ('cases', 'pending_pairs')


def upgrade() -> None:
    # the check of a reference reads rows, which force would hide from the owner
    for table in BOUND:
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
    op.execute(
        'DELETE FROM pending_pairs p WHERE (SELECT count(*) FROM cases c'
        ' WHERE c.id IN (p.low_case_id, p.high_case_id)) < 2'
    )
    for column in COLUMNS:
        op.create_foreign_key(op.f(f'fk_pending_pairs_{column}'), 'pending_pairs', 'cases', [column], ['id'], ondelete='CASCADE')
    for table in BOUND:
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')


def downgrade() -> None:
    for column in COLUMNS:
        op.drop_constraint(op.f(f'fk_pending_pairs_{column}'), 'pending_pairs', type_='foreignkey')
