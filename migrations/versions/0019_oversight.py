"""oversight: auditors read the audit of their office, owners the readings of all their cases"""

from collections.abc import Sequence

from alembic import op

revision: str = "0019"
down_revision: str | Sequence[str] | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# What the matching did tells of overlaps with silent cases, and of canaries: nobody's to read.
OF_MATCHING = "split_part(action, '.', 1) IN ('overlap', 'canary', 'values')"
ENTRIES = f"""office_id = (SELECT current_office())
  AND (SELECT 'auditor' = ANY (current_roles())) AND NOT {OF_MATCHING}"""
COLUMNS = '(id, at, action, office_id, actor, object, request_id)'


def upgrade() -> None:
    op.execute(f'GRANT SELECT {COLUMNS} ON audit_entries TO joinder_app')
    op.execute(
        f'CREATE POLICY app_select ON audit_entries FOR SELECT TO joinder_app USING ({ENTRIES})'
    )
    op.create_index('ix_readings_owner_office_id_id', 'readings', ['owner_office_id', 'id'])


def downgrade() -> None:
    op.drop_index('ix_readings_owner_office_id_id', table_name='readings')
    op.execute('DROP POLICY app_select ON audit_entries')
    op.execute('REVOKE SELECT ON audit_entries FROM joinder_app')
