"""numbers after a restore: transactions are numbered on from where another server's ended"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import answer_as_ladder
from migrations.numbering import functions

revision: str = "0073"
down_revision: str | Sequence[str] | None = "0072"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NUMBER = '(pg_current_xact_id()::text)::bigint'
HORIZON = 'pg_snapshot_xmin(pg_current_snapshot())::text::bigint'
ROLES = 'joinder_app, joinder_matcher, joinder_ladder, joinder_jobs'
NUMBERED = ('events', 'subjects')

# the functions of the ladder that ask what is below the horizon
REPLACE = """
DO $$
DECLARE
  asking oid;
BEGIN
  FOR asking IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    AND prosrc LIKE '%{old}%'
  LOOP
    EXECUTE replace(pg_get_functiondef(asking), '{old}', '{new}');
  END LOOP;
END $$
"""

# whatever is seen was written by a transaction below the end of the snapshot, unless elsewhere
ASKED = {
    'is_numbered_on()': """
CREATE FUNCTION is_numbered_on() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN NOT EXISTS (
    SELECT FROM (SELECT e.written_in FROM public.events e ORDER BY e.number DESC LIMIT 1) AS newest
    WHERE newest.written_in >= public.transaction_horizon()
      - pg_snapshot_xmin(pg_current_snapshot())::text::bigint
      + pg_snapshot_xmax(pg_current_snapshot())::text::bigint);
END
$function$
""",
}


def upgrade() -> None:
    for each in functions('0').split(';')[:-1]:
        op.execute(each)
    for name in ('transaction_number', 'transaction_horizon'):
        op.execute(f'GRANT EXECUTE ON FUNCTION {name}() TO {ROLES}')
    _replace(HORIZON, 'public.transaction_horizon()')
    _number('transaction_number()')
    answer_as_ladder(ASKED, 'app')


def downgrade() -> None:
    op.execute('SET LOCAL ROLE joinder_ladder')
    op.execute('DROP FUNCTION is_numbered_on()')
    op.execute('SET LOCAL ROLE joinder_owner')
    _replace('public.transaction_horizon()', HORIZON)
    _number(NUMBER)
    op.execute('DROP FUNCTION transaction_number()')
    op.execute('DROP FUNCTION transaction_horizon()')


def _number(by: str) -> None:
    for table in NUMBERED:
        op.execute(f'ALTER TABLE {table} ALTER written_in SET DEFAULT {by}')


def _replace(old: str, new: str) -> None:
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    op.execute('SET LOCAL ROLE joinder_ladder')
    op.execute(REPLACE.format(old=old, new=new))
    op.execute('SET LOCAL ROLE joinder_owner')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')
