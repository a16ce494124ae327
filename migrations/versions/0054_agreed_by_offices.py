"""agreed by offices: administrators propose the provider, leadership the agreement of its office

An operator approves both: one administrator could make another, and so be two. What operators
propose has no office.
"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import OWN, guard

revision: str = "0054"
down_revision: str | Sequence[str] | None = "0053"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

READ_BY_KEY = ('offices', 'proposals')
SELF = "'person:' || (SELECT current_person())"
PROPOSES = f"""{OWN} AND proposed_by = {SELF} AND approved_by IS NULL
  AND change ->> 'office' = (SELECT o.code FROM offices o WHERE o.id = proposals.office_id)
  AND (change ->> 'action' = 'set_provider' AND (SELECT 'administrator' = ANY (current_roles()))
       OR change ->> 'action' = 'sign_agreement' AND (SELECT 'leadership' = ANY (current_roles())))"""


def upgrade() -> None:
    for table in READ_BY_KEY:
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
    op.execute(
        'ALTER TABLE proposals ADD COLUMN office_id BIGINT,'
        ' ADD CONSTRAINT fk_proposals_office_id FOREIGN KEY (office_id) REFERENCES offices (id)'
    )
    for table in READ_BY_KEY:
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
    op.execute('CREATE INDEX ix_proposals_office_id ON proposals (office_id)')
    guard('proposals', [('app', 'SELECT', OWN), ('app', 'INSERT', PROPOSES)])
    op.execute('GRANT UPDATE (expires_at) ON proposals TO joinder_jobs')


def downgrade() -> None:
    op.execute('REVOKE UPDATE (expires_at) ON proposals FROM joinder_jobs')
    for action in ('SELECT', 'INSERT'):
        op.execute(f'DROP POLICY app_{action.lower()} ON proposals')
    op.execute('REVOKE SELECT, INSERT ON proposals FROM joinder_app')
    op.execute('DROP INDEX ix_proposals_office_id')
    op.execute('ALTER TABLE proposals DROP COLUMN office_id')
