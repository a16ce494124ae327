"""slow guesses: attempts at an account since the last whole sign-in, however slowly they came"""

from collections.abc import Sequence

from alembic import op

revision: str = "0071"
down_revision: str | Sequence[str] | None = "0070"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("ALTER TABLE sign_in_attempts ADD COLUMN in_a_row bigint NOT NULL DEFAULT 0")


def downgrade() -> None:
    op.execute("ALTER TABLE sign_in_attempts DROP COLUMN in_a_row")
