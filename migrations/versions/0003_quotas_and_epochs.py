"""quotas and key epochs"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = '0003'
down_revision: str | Sequence[str] | None = '0002'
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table('quota_buckets',
    sa.Column('holder', sa.String(), nullable=False),
    sa.Column('key_class', sa.String(), nullable=False),
    sa.Column('spent', sa.Double(), nullable=False),
    sa.Column('counted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('period_spent', sa.BigInteger(), nullable=False),
    sa.Column('period_began_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('holder', 'key_class', name=op.f('pk_quota_buckets'))
    )
    op.create_table('import_allowances',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('office_id', sa.BigInteger(), nullable=False),
    sa.Column('key_class', sa.String(), nullable=False),
    sa.Column('elements', sa.Integer(), nullable=False),
    sa.Column('spent', sa.Integer(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("ends_at <= opened_at + interval '92 days'", name=op.f('ck_import_allowances_bounded')),
    sa.CheckConstraint('opened_at < ends_at', name=op.f('ck_import_allowances_period')),
    sa.CheckConstraint('spent BETWEEN 0 AND elements', name=op.f('ck_import_allowances_spent')),
    sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_import_allowances_office_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_import_allowances'))
    )
    op.create_index('ix_import_allowances_office_id_key_class', 'import_allowances', ['office_id', 'key_class'], unique=False)
    op.create_table('key_epochs',
    sa.Column('epoch', sa.SmallInteger(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('began_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('switched_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepted_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(state = 'previous') <= (accepted_until IS NOT NULL)", name=op.f('ck_key_epochs_grace')),
    sa.CheckConstraint("state IN ('next', 'current', 'previous', 'ended')", name=op.f('ck_key_epochs_state')),
    sa.PrimaryKeyConstraint('epoch', name=op.f('pk_key_epochs'))
    )
    op.create_index('uq_key_epochs_state', 'key_epochs', ['state'], unique=True, postgresql_where=sa.text("state <> 'ended'"))


def downgrade() -> None:
    op.drop_table('key_epochs')
    op.drop_table('import_allowances')
    op.drop_table('quota_buckets')
