"""reasons: what another case is about is shown where its reading is logged, and nowhere else

The view asks for a line in the log that the transaction itself has written.
"""

import re
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | Sequence[str] | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# asked once for a page, not for each of its rows
OPENED = """ARRAY(SELECT r.overlap_id FROM readings r
  WHERE r.office_id = (SELECT current_office()) AND r.logged_at = now()) AS opened"""


def upgrade() -> None:
    op.add_column('readings', sa.Column('logged_at', sa.DateTime(timezone=True), nullable=False,
                                        server_default=sa.text('now()')))
    op.create_index('ix_readings_office_id_logged_at', 'readings', ['office_id', 'logged_at'])
    op.execute('GRANT SELECT (office_id, overlap_id, logged_at) ON readings TO joinder_ladder')
    op.execute('CREATE POLICY ladder_select ON readings FOR SELECT TO joinder_ladder USING (true)')
    view = op.get_bind().scalar(sa.text("SELECT pg_get_viewdef('shown_overlaps'::regclass)"))
    view, count = re.subn(r'(\sEND AS reached)\b', rf'\1,\n {OPENED}', view)
    assert count == 1
    view, count = re.subn(
        r'WHEN \(?r\.reached >= ([34])\)? THEN', r'WHEN r.reached >= \1 AND s.overlap_id = ANY (r.opened) THEN', view
    )
    assert count == 9, count
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    op.execute('SET LOCAL ROLE joinder_ladder')
    op.execute(f'CREATE OR REPLACE VIEW shown_overlaps AS {view}'.replace(':', r'\:'))
    op.execute('SET LOCAL ROLE joinder_owner')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')


def downgrade() -> None:
    raise NotImplementedError('Whatever was read without a reason would be in no log.')
