"""tasks are told: an office is told of each task of a matter that becomes its own"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import forget_events

revision: str = "0069"
down_revision: str | Sequence[str] | None = "0068"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TELL = """
CREATE FUNCTION tell_whose_task() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO public.events (office_id, type, request_id)
  VALUES (NEW.office_id, 'matter.task_given', NEW.request_id);
  RETURN NULL;
END
$function$
"""
TRIGGERS = """
CREATE TRIGGER told AFTER INSERT ON matter_tasks
  FOR EACH ROW EXECUTE FUNCTION tell_whose_task();
CREATE TRIGGER told_again AFTER UPDATE OF office_id ON matter_tasks
  FOR EACH ROW WHEN (OLD.office_id <> NEW.office_id) EXECUTE FUNCTION tell_whose_task()
"""


def upgrade() -> None:
    op.execute("GRANT CREATE ON SCHEMA public TO joinder_ladder")
    op.execute(TELL)
    for trigger in TRIGGERS.strip().split(";\n"):
        op.execute(trigger)
    op.execute("ALTER FUNCTION tell_whose_task() OWNER TO joinder_ladder")
    op.execute("REVOKE CREATE ON SCHEMA public FROM joinder_ladder")


def downgrade() -> None:
    for name in ("told", "told_again"):
        op.execute(f"DROP TRIGGER {name} ON matter_tasks")
    op.execute("SET LOCAL ROLE joinder_ladder")
    op.execute("DROP FUNCTION tell_whose_task()")
    op.execute("SET LOCAL ROLE joinder_owner")
    forget_events("matter.task_given")
