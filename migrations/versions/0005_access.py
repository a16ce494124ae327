"""access: register of grants, walls, broken glass"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = '0005'
down_revision: str | Sequence[str] | None = '0004'
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column('case_grants', sa.Column('key', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False))
    op.add_column('case_grants', sa.Column('granted_by', sa.String(), server_default='', nullable=False))
    op.add_column('case_grants', sa.Column('approval', sa.String(), server_default='not_needed', nullable=False))
    op.add_column('case_grants', sa.Column('approved_by', sa.String(), nullable=True))
    op.add_column('case_grants', sa.Column('person_id', sa.Uuid(), nullable=True))
    op.create_check_constraint(op.f('ck_case_grants_approval'), 'case_grants', "approval IN ('not_needed', 'pending', 'given')")
    op.create_check_constraint(op.f('ck_case_grants_approved_by'), 'case_grants', "(approval = 'given') = (approved_by IS NOT NULL)")
    op.create_check_constraint(op.f('ck_case_grants_two_persons'), 'case_grants', 'approved_by <> granted_by')
    op.create_index('uq_case_grants_key', 'case_grants', ['key'], unique=True)
    op.create_table('case_walls',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('case_id', sa.BigInteger(), nullable=False),
    sa.Column('office_id', sa.BigInteger(), nullable=True),
    sa.Column('person_id', sa.Uuid(), nullable=True),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('set_by', sa.String(), nullable=False),
    sa.Column('lift_asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('lift_asked_by', sa.String(), nullable=True),
    sa.Column('lifted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('lifted_by', sa.String(), nullable=True),
    sa.CheckConstraint('(office_id IS NULL) <> (person_id IS NULL)', name=op.f('ck_case_walls_one_walled')),
    sa.CheckConstraint('lifted_by <> lift_asked_by', name=op.f('ck_case_walls_two_persons')),
    sa.CheckConstraint('(lifted_at IS NULL) = (lifted_by IS NULL)', name=op.f('ck_case_walls_lifted')),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_case_walls_case_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_case_walls_office_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_walls'))
    )
    op.create_index('uq_case_walls_office_id', 'case_walls', ['case_id', 'office_id'], unique=True, postgresql_where=sa.text('lifted_at IS NULL'))
    op.create_index('uq_case_walls_person_id', 'case_walls', ['case_id', 'person_id'], unique=True, postgresql_where=sa.text('lifted_at IS NULL'))
    op.create_table('glass_breaks',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('office_id', sa.BigInteger(), nullable=False),
    sa.Column('owner_office_id', sa.BigInteger(), nullable=False),
    sa.Column('owner_case_id', sa.BigInteger(), nullable=False),
    sa.Column('overlap_id', sa.Uuid(), nullable=False),
    sa.Column('broken_by', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('broken_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('review_due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reviewed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reviewed_by', sa.String(), nullable=True),
    sa.Column('finding', sa.String(), nullable=True),
    sa.CheckConstraint('char_length(reason) >= 20', name=op.f('ck_glass_breaks_reason')),
    sa.CheckConstraint("expires_at <= broken_at + interval '60 minutes'", name=op.f('ck_glass_breaks_time_box')),
    sa.CheckConstraint("review_due_at = broken_at + interval '72 hours'", name=op.f('ck_glass_breaks_review_due_at')),
    sa.CheckConstraint("finding IN ('justified', 'not_justified')", name=op.f('ck_glass_breaks_finding')),
    sa.CheckConstraint('(reviewed_at IS NULL) = (reviewed_by IS NULL)', name=op.f('ck_glass_breaks_reviewed')),
    sa.CheckConstraint('(reviewed_at IS NULL) = (finding IS NULL)', name=op.f('ck_glass_breaks_found')),
    sa.CheckConstraint('reviewed_by <> broken_by', name=op.f('ck_glass_breaks_two_persons')),
    sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_glass_breaks_office_id')),
    sa.ForeignKeyConstraint(['owner_office_id'], ['offices.id'], name=op.f('fk_glass_breaks_owner_office_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_glass_breaks'))
    )
    op.create_index('ix_glass_breaks_office_id_id', 'glass_breaks', ['office_id', 'id'], unique=False)
    op.create_index('ix_glass_breaks_owner_office_id_id', 'glass_breaks', ['owner_office_id', 'id'], unique=False)
    op.create_index('ix_glass_breaks_unreviewed', 'glass_breaks', ['review_due_at'], unique=False, postgresql_where=sa.text('reviewed_at IS NULL'))


def downgrade() -> None:
    op.drop_table('glass_breaks')
    op.drop_table('case_walls')
    op.drop_index('uq_case_grants_key', table_name='case_grants')
    for column in ('person_id', 'approved_by', 'approval', 'granted_by', 'key'):
        op.drop_column('case_grants', column)
