"""Saved views of the queue, and when each person looked at it."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

MINE = (
    'person_id = (SELECT current_person()) AND office_id = (SELECT current_office())'
)


def upgrade() -> None:
    op.create_table(
        'saved_views',
        sa.Column('person_id', sa.Uuid(), sa.ForeignKey('persons.id', name='fk_saved_views_person_id'), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('office_id', sa.BigInteger(), sa.ForeignKey('offices.id', name='fk_saved_views_office_id'), nullable=False),
        sa.Column('filters', sa.String(), nullable=False),
        sa.Column('saved_at', sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint('char_length(name) BETWEEN 1 AND 40', name=op.f('ck_saved_views_name')),
        sa.CheckConstraint('char_length(filters) <= 300', name=op.f('ck_saved_views_filters')),
        sa.PrimaryKeyConstraint('person_id', 'name', name='pk_saved_views'),
    )
    op.create_table(
        'queue_visits',
        sa.Column('person_id', sa.Uuid(), sa.ForeignKey('persons.id', name='fk_queue_visits_person_id'), nullable=False),
        sa.Column('office_id', sa.BigInteger(), sa.ForeignKey('offices.id', name='fk_queue_visits_office_id'), nullable=False),
        sa.Column('sign_in_began_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('before_at', sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint('person_id', name='pk_queue_visits'),
    )
    for table in ('saved_views', 'queue_visits'):
        op.execute(f'ALTER TABLE {table} ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
        for privilege in ('SELECT', 'INSERT', 'UPDATE', 'DELETE'):
            if (table, privilege) == ('queue_visits', 'DELETE'):
                continue
            op.execute(f'GRANT {privilege} ON {table} TO joinder_app')
            reach = f' USING ({MINE})' if privilege != 'INSERT' else ''
            check = f' WITH CHECK ({MINE})' if privilege in {'INSERT', 'UPDATE'} else ''
            op.execute(
                f'CREATE POLICY app_{privilege.lower()} ON {table} FOR {privilege}'
                f' TO joinder_app{reach}{check}'
            )


def downgrade() -> None:
    op.drop_table('queue_visits')
    op.drop_table('saved_views')
