"""more of a step: the record of a dry run says of which step it counted a part"""

from collections.abc import Sequence

from alembic import op

revision: str = "0088"
down_revision: str | Sequence[str] | None = "0087"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("ALTER TABLE run_steps ADD COLUMN is_more boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    op.execute("ALTER TABLE run_steps DROP COLUMN is_more")
