"""grants of one overlap, and a check of the token key"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = '0009'
down_revision: str | Sequence[str] | None = '0008'
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column('case_grants', sa.Column('overlap_id', sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f('fk_case_grants_overlap_id'), 'case_grants', 'overlaps', ['overlap_id'], ['id'])
    op.add_column('key_epochs', sa.Column('key_check', sa.LargeBinary(), nullable=True))
    # what was asked of one overlap counts in it alone from now on
    op.execute("""
        UPDATE case_grants g SET overlap_id = h.overlap_id FROM handling_requests h
        WHERE g.granted_at = CASE g.purpose WHEN 'handling_requested' THEN h.requested_at
                                            WHEN 'handling_accepted' THEN h.answered_at END
          AND (g.purpose = 'handling_requested' OR h.status = 'accepted')
          AND ((g.case_id = h.requester_case_id AND g.grantee_office_id = h.responder_office_id)
            OR (g.case_id = h.responder_case_id AND g.grantee_office_id = h.requester_office_id))
    """)


def downgrade() -> None:
    op.drop_column('key_epochs', 'key_check')
    op.drop_constraint('fk_case_grants_overlap_id', 'case_grants')
    op.drop_column('case_grants', 'overlap_id')
