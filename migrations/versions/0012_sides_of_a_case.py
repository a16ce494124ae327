"""sides of a case: found by case and office together"""

from collections.abc import Sequence

from alembic import op

revision: str = '0012'
down_revision: str | Sequence[str] | None = '0011'
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index('ix_overlap_sides_case_id_office_id', 'overlap_sides', ['case_id', 'office_id'], unique=False)
    op.drop_index('ix_overlap_sides_case_id', table_name='overlap_sides')


def downgrade() -> None:
    op.create_index('ix_overlap_sides_case_id', 'overlap_sides', ['case_id'], unique=False)
    op.drop_index('ix_overlap_sides_case_id_office_id', table_name='overlap_sides')
