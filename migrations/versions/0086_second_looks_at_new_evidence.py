"""second looks at new evidence: one for each evidence that an overlap came to rest on, not one ever"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.guarding import unforced

revision: str = "0086"
down_revision: str | Sequence[str] | None = "0085"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "second_looks", sa.Column("stands_since", sa.DateTime(timezone=True), nullable=True)
    )
    # the release before leaves the column empty, and asks once
    _once("NULLS NOT DISTINCT (overlap_id, office_id, stands_since)")


def downgrade() -> None:
    with unforced("second_looks"):
        op.execute(
            "DELETE FROM second_looks k WHERE EXISTS (SELECT FROM second_looks l"
            " WHERE (l.overlap_id, l.office_id) = (k.overlap_id, k.office_id) AND l.id > k.id)"
        )
    _once("(overlap_id, office_id)")
    op.drop_column("second_looks", "stands_since")


def _once(columns: str) -> None:
    op.execute(
        "ALTER TABLE second_looks DROP CONSTRAINT uq_second_looks_once,"
        f" ADD CONSTRAINT uq_second_looks_once UNIQUE {columns}"
    )
