"""suppression"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
revision: str = '0006'
down_revision: str | Sequence[str] | None = '0005'
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table('suppressions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('office_id', sa.Integer(), nullable=False),
    sa.Column('token', sa.LargeBinary(), nullable=False),
    sa.Column('kind', sa.SmallInteger(), nullable=False),
    sa.Column('epoch', sa.SmallInteger(), nullable=False),
    sa.Column('mode', sa.String(), nullable=False),
    sa.Column('scope', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=True),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('expires_on', sa.Date(), nullable=False),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('octet_length(token) = 16', name=op.f('ck_suppressions_token')),
    sa.CheckConstraint("mode IN ('inform', 'down_weight', 'block')", name=op.f('ck_suppressions_mode')),
    sa.CheckConstraint("scope IN ('all', 'state', 'office')", name=op.f('ck_suppressions_scope')),
    sa.CheckConstraint("(scope = 'state') = (state IS NOT NULL)", name=op.f('ck_suppressions_state')),
    sa.CheckConstraint("(scope = 'all') = (office_id = 0)", name=op.f('ck_suppressions_owner')),
    sa.CheckConstraint("reason IN ('hotline', 'service_provider', 'shelter', 'court_or_agency', 'public_place', 'other')", name=op.f('ck_suppressions_reason')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_suppressions'))
    )
    op.create_index('uq_suppressions_standing', 'suppressions', ['token', 'office_id', 'scope'], unique=True, postgresql_where=sa.text('ended_at IS NULL'))
    op.add_column('tokens', sa.Column('is_suppressed', sa.Boolean(), server_default=sa.text('false'), nullable=False))


def downgrade() -> None:
    op.drop_column('tokens', 'is_suppressed')
    op.drop_table('suppressions')
