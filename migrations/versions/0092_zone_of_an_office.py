"""zone of an office: where it is not that of its state's capital"""

from collections.abc import Sequence

from alembic import op

revision: str = "0092"
down_revision: str | Sequence[str] | None = "0091"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("ALTER TABLE offices ADD COLUMN time_zone varchar")


def downgrade() -> None:
    op.execute("ALTER TABLE offices DROP COLUMN time_zone")
