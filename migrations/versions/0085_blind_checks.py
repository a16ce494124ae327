"""blind checks: a check before an act says, and keeps, why it could show no overlap at all"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0085"
down_revision: str | Sequence[str] | None = "0084"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("checks", sa.Column("blind_because", sa.String(), nullable=True))
    op.create_check_constraint(
        "ck_checks_blind_because",
        "checks",
        "blind_because IN ('not_participating', 'held', 'not_matched_yet')",
    )


def downgrade() -> None:
    op.drop_column("checks", "blind_because")
