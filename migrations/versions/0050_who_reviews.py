"""who reviews and who offers: the review of access is noted, and desks are opened, by their roles"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import OWN

revision: str = "0050"
down_revision: str | Sequence[str] | None = "0049"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

REVIEWS = "(SELECT current_roles() && ARRAY['administrator', 'auditor'])"
OFFERS = "(SELECT current_roles() && ARRAY['leadership', 'coordinator'])"

# (table, action): rows that it reaches (None for INSERT), rows that it may make or leave
POLICIES = {
    ('access_reviews', 'insert'): (None, f'{OWN} AND {REVIEWS}'),
    ('access_reviews', 'update'): (OWN, f'{OWN} AND {REVIEWS}'),
    ('infusion_desks', 'insert'): (None, f'{OWN} AND {OFFERS}'),
    ('infusion_desks', 'delete'): (f'{OWN} AND {OFFERS}', None),
}


def upgrade() -> None:
    for (table, action), (reached, left) in POLICIES.items():
        using = f' USING ({reached})' if reached else ''
        check = f' WITH CHECK ({left})' if left else ''
        op.execute(f'ALTER POLICY app_{action} ON {table}{using}{check}')


def downgrade() -> None:
    raise NotImplementedError('Anybody in an office could then say that its access was reviewed.')
