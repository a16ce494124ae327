"""callers: people beside machine clients"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = '0008'
down_revision: str | Sequence[str] | None = '0007'
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.drop_constraint('pk_idempotency_keys', 'idempotency_keys')
    op.alter_column('idempotency_keys', 'client_id', nullable=True)
    op.add_column('idempotency_keys', sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False))
    op.add_column('idempotency_keys', sa.Column('person_id', sa.Uuid(), nullable=True))
    op.create_primary_key(op.f('pk_idempotency_keys'), 'idempotency_keys', ['id'])
    op.create_foreign_key(op.f('fk_idempotency_keys_person_id'), 'idempotency_keys', 'persons', ['person_id'], ['id'])
    op.create_check_constraint(op.f('ck_idempotency_keys_caller'), 'idempotency_keys', 'num_nonnulls(client_id, person_id) = 1')
    op.create_unique_constraint('uq_idempotency_keys_client_id_key', 'idempotency_keys', ['client_id', 'key'])
    op.create_unique_constraint('uq_idempotency_keys_person_id_key', 'idempotency_keys', ['person_id', 'key'])

    # a wall before a person that nobody is kept nobody out
    op.execute('DELETE FROM case_walls w WHERE person_id IS NOT NULL AND NOT EXISTS (SELECT FROM persons p WHERE p.id = w.person_id)')
    for table in ('case_grants', 'case_walls'):
        op.create_foreign_key(op.f(f'fk_{table}_person_id'), table, 'persons', ['person_id'], ['id'])
    op.add_column('glass_breaks', sa.Column('alarmed_at', sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f('ck_glass_breaks_alarmed_at'), 'glass_breaks', 'alarmed_at >= review_due_at')
    op.add_column('offices', sa.Column('suspended_at', sa.DateTime(timezone=True), nullable=True))
    op.create_table('state_settings',
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('has_state_pointers', sa.Boolean(), nullable=False),
    sa.Column('review_years', sa.SmallInteger(), nullable=False),
    sa.CheckConstraint("state ~ '^[A-Z]{2}$'", name=op.f('ck_state_settings_state')),
    sa.CheckConstraint('review_years BETWEEN 1 AND 5', name=op.f('ck_state_settings_review_years')),
    sa.PrimaryKeyConstraint('state', name=op.f('pk_state_settings'))
    )
    op.create_table('proposals',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('change', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('proposed_by', sa.String(), nullable=False),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('approved_by', sa.String(), nullable=True),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('approved_by <> proposed_by', name=op.f('ck_proposals_two_persons')),
    sa.CheckConstraint('(approved_at IS NULL) = (approved_by IS NULL)', name=op.f('ck_proposals_approved')),
    sa.CheckConstraint("expires_at <= proposed_at + interval '24 hours'", name=op.f('ck_proposals_time_box')),
    sa.CheckConstraint('approved_at < expires_at', name=op.f('ck_proposals_in_time')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_proposals'))
    )


def downgrade() -> None:
    op.drop_table('proposals')
    op.drop_table('state_settings')
    op.drop_column('offices', 'suspended_at')
    op.drop_column('glass_breaks', 'alarmed_at')
    for table in ('case_grants', 'case_walls'):
        op.drop_constraint(f'fk_{table}_person_id', table)
    op.execute('DELETE FROM idempotency_keys WHERE client_id IS NULL')
    for name in ('uq_idempotency_keys_person_id_key', 'uq_idempotency_keys_client_id_key', 'ck_idempotency_keys_caller', 'pk_idempotency_keys'):
        op.drop_constraint(name, 'idempotency_keys')
    op.drop_column('idempotency_keys', 'person_id')
    op.drop_column('idempotency_keys', 'id')
    op.create_primary_key('pk_idempotency_keys', 'idempotency_keys', ['client_id', 'key'])
