"""permits, sealed entries of suppression lists, pending pairs"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
revision: str = '0007'
down_revision: str | Sequence[str] | None = '0006'
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table('permitted_batches',
    sa.Column('office_id', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('counts', postgresql.JSONB(), nullable=False),
    sa.Column('permitted_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('octet_length(digest) = 32', name=op.f('ck_permitted_batches_digest')),
    sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_permitted_batches_office_id')),
    sa.PrimaryKeyConstraint('office_id', 'digest', name=op.f('pk_permitted_batches'))
    )
    op.create_table('pending_pairs',
    sa.Column('low_case_id', sa.BigInteger(), nullable=False),
    sa.Column('high_case_id', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('low_case_id', 'high_case_id', name=op.f('pk_pending_pairs'))
    )
    op.add_column('suppressions', sa.Column('sealing_key_id', sa.Uuid(), nullable=True))
    op.add_column('suppressions', sa.Column('sealed', sa.LargeBinary(), nullable=True))
    op.create_foreign_key(op.f('fk_suppressions_sealing_key_id'), 'suppressions', 'sealing_keys', ['sealing_key_id'], ['id'])
    op.create_check_constraint(op.f('ck_suppressions_sealed'), 'suppressions', '(sealed IS NULL) = (sealing_key_id IS NULL)')
    op.create_index('ix_permitted_batches_office_id_permitted_at', 'permitted_batches', ['office_id', 'permitted_at'], unique=False)


def downgrade() -> None:
    op.drop_table('pending_pairs')
    op.drop_column('suppressions', 'sealed')
    op.drop_column('suppressions', 'sealing_key_id')
    op.drop_table('permitted_batches')
