"""alarms are told: as events, to those of the office who may read alarms, and to no machine"""

from collections.abc import Sequence

from alembic import op

revision: str = "0041"
down_revision: str | Sequence[str] | None = "0040"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OF_OFFICE = 'num_nonnulls(overlap_id, case_id, request_id) = 0'
KINDS = "split_part(type, '.', 1)"
ABOUT = f"""num_nonnulls(overlap_id, case_id, request_id) = 1
  OR {OF_OFFICE} AND {KINDS} IN ('participation', 'commitment', 'handling', 'alarm')"""

# Whoever uses a credential wrongly is not warned by its feed. Who runs the office and sees no case
# is told of the office alone.
BY_ROLE = f"""
CASE WHEN type = 'alarm.raised'
  THEN (SELECT current_roles() && ARRAY['leadership', 'administrator', 'auditor'])
  ELSE (SELECT NOT current_roles() <@ ARRAY['administrator', 'auditor'])
    OR {KINDS} IN ('participation', 'commitment')
END"""

TELL = """
CREATE FUNCTION tell_of_alarm() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO public.events (office_id, type) VALUES (NEW.office_id, 'alarm.raised');
  RETURN NULL;
END
$function$
"""


def upgrade() -> None:
    op.execute('ALTER TABLE events NO FORCE ROW LEVEL SECURITY')
    op.execute(
        'ALTER TABLE events DROP CONSTRAINT ck_events_about,'
        f' ADD CONSTRAINT ck_events_about CHECK ({ABOUT})'
    )
    op.execute('ALTER TABLE events FORCE ROW LEVEL SECURITY')
    op.execute(
        'CREATE POLICY app_by_role ON events AS RESTRICTIVE FOR SELECT TO joinder_app'
        f' USING ({BY_ROLE})'
    )
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    op.execute(TELL)
    op.execute(
        'CREATE TRIGGER news AFTER INSERT ON alarms FOR EACH ROW EXECUTE FUNCTION tell_of_alarm()'
    )
    op.execute('ALTER FUNCTION tell_of_alarm() OWNER TO joinder_ladder')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')


def downgrade() -> None:
    raise NotImplementedError('A machine would then be told that somebody looks at it.')
