"""tokens of the matcher: no other role reads or writes tokens across offices

The operator's rotation and the end of suppression entries become the matcher for what touches
tokens; the operator's own role keeps sealed elements, which say nothing without the offline key.
"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import OFFICE, OWN

revision: str = "0058"
down_revision: str | Sequence[str] | None = "0057"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SIGHTINGS = ('sightings', 'hidden_sightings', 'common_sightings')
BY_OPERATOR = f'{OFFICE} = 0'
OWN_OR_OPERATOR = f'{OWN} OR {BY_OPERATOR}'
DONE = ('select', 'insert', 'update', 'delete')
TOLD = 'id, office_id, kind, epoch, mode, scope, state, reason, expires_on, added_at, ended_at'


def upgrade() -> None:
    for table in SIGHTINGS:
        op.execute(f'ALTER POLICY matcher_insert ON {table} WITH CHECK ({OWN_OR_OPERATOR})')
        op.execute(f'ALTER POLICY matcher_delete ON {table} USING ({OWN_OR_OPERATOR})')
        # the operator locks rows and changes none
        op.execute(f'GRANT UPDATE (alias) ON {table} TO joinder_matcher')
        op.execute(f'CREATE POLICY matcher_update ON {table} FOR UPDATE TO joinder_matcher'
                   f' USING ({BY_OPERATOR}) WITH CHECK (false)')
    op.execute('GRANT UPDATE (token, epoch) ON suppressions TO joinder_matcher')
    for table in ('tokens', *SIGHTINGS):
        op.execute(f'REVOKE ALL ON {table} FROM joinder_jobs')
        for done in DONE:
            op.execute(f'DROP POLICY jobs_{done} ON {table}')
    op.execute('REVOKE ALL ON suppressions FROM joinder_jobs, joinder_app')
    op.execute('DROP POLICY jobs_update ON suppressions')
    op.execute(f'GRANT SELECT ({TOLD}) ON suppressions TO joinder_app, joinder_jobs')
    op.execute('GRANT SELECT (sealing_key_id, sealed) ON suppressions TO joinder_jobs')


def downgrade() -> None:
    op.execute('REVOKE ALL ON suppressions FROM joinder_jobs')
    op.execute('GRANT SELECT (token) ON suppressions TO joinder_app')
    op.execute('GRANT SELECT, UPDATE (token, epoch, sealing_key_id, sealed) ON suppressions'
               ' TO joinder_jobs')
    op.execute('CREATE POLICY jobs_update ON suppressions FOR UPDATE TO joinder_jobs'
               ' USING (true) WITH CHECK (true)')
    for table in ('tokens', *SIGHTINGS):
        op.execute(f'GRANT SELECT, INSERT, DELETE ON {table} TO joinder_jobs')
        for done in ('SELECT', 'DELETE'):
            op.execute(f'CREATE POLICY jobs_{done.lower()} ON {table} FOR {done} TO joinder_jobs'
                       ' USING (true)')
        op.execute(f'CREATE POLICY jobs_insert ON {table} FOR INSERT TO joinder_jobs'
                   ' WITH CHECK (true)')
        op.execute(f'GRANT UPDATE {"" if table == "tokens" else "(alias)"} ON {table}'
                   ' TO joinder_jobs')
        op.execute(f'CREATE POLICY jobs_update ON {table} FOR UPDATE TO joinder_jobs'
                   ' USING (true) WITH CHECK (true)')
    op.execute('REVOKE UPDATE (token, epoch) ON suppressions FROM joinder_matcher')
    for table in SIGHTINGS:
        op.execute(f'DROP POLICY matcher_update ON {table}')
        op.execute(f'REVOKE UPDATE (alias) ON {table} FROM joinder_matcher')
        op.execute(f'ALTER POLICY matcher_insert ON {table} WITH CHECK ({OWN})')
        op.execute(f'ALTER POLICY matcher_delete ON {table} USING ({OWN})')
