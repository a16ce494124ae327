"""which runs are nights: whether a run was to take every step, and as of when, is read by auditors"""

from collections.abc import Sequence

from alembic import op

revision: str = "0072"
down_revision: str | Sequence[str] | None = "0071"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute('GRANT SELECT (is_whole, as_of) ON runs TO joinder_app')


def downgrade() -> None:
    op.execute('REVOKE SELECT (is_whole, as_of) ON runs FROM joinder_app')
