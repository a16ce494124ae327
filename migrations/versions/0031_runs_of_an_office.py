"""runs of an office: its auditors read how much of a step concerned it"""

from collections.abc import Sequence

from alembic import op

revision: str = "0031"
down_revision: str | Sequence[str] | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute('GRANT SELECT ON run_offices TO joinder_app')
    op.execute(
        'CREATE POLICY app_select ON run_offices FOR SELECT TO joinder_app'
        ' USING (office_id = (SELECT current_office())'
        " AND (SELECT 'auditor' = ANY (current_roles())))"
    )


def downgrade() -> None:
    op.execute('DROP POLICY app_select ON run_offices')
    op.execute('REVOKE SELECT ON run_offices FROM joinder_app')
