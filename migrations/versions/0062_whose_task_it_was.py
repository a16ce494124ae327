"""whose task it was: a task that passes to the lead with its office's leaving keeps whose it was

An office that left before reads of it what there was until then.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0062"
down_revision: str | Sequence[str] | None = "0061"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEEP = """
CREATE FUNCTION keep_former_office() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  NEW.former_offices := OLD.former_offices || OLD.office_id;
  NEW.passed_at := OLD.passed_at || now();
  RETURN NEW;
END
$function$
"""


def upgrade() -> None:
    op.execute(
        "ALTER TABLE matter_tasks ADD COLUMN former_offices bigint[] NOT NULL DEFAULT '{}',"
        " ADD COLUMN passed_at timestamptz[] NOT NULL DEFAULT '{}'"
    )
    op.execute(KEEP)
    op.execute(
        "CREATE TRIGGER keep_former_office BEFORE UPDATE OF office_id ON matter_tasks"
        " FOR EACH ROW WHEN (OLD.office_id <> NEW.office_id)"
        " EXECUTE FUNCTION keep_former_office()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_former_office ON matter_tasks")
    op.execute("DROP FUNCTION keep_former_office()")
    op.execute("ALTER TABLE matter_tasks DROP COLUMN former_offices, DROP COLUMN passed_at")
