"""one clock of tasks: a task passes to the lead at the moment when its office has left

By the clock of the registry, not the database's: what an office that left reads is cut at that
moment, and the two may differ.
"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import unforced

revision: str = "0064"
down_revision: str | Sequence[str] | None = "0063"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEEP = """
CREATE OR REPLACE FUNCTION keep_former_office() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  NEW.former_offices := OLD.former_offices || OLD.office_id;
  NEW.passed_at := OLD.passed_at || {at};
  RETURN NEW;
END
$function$
"""
LEFT_AT = """(
    SELECT p.left_at FROM public.handling_parties p
    WHERE p.request_id = OLD.request_id AND p.office_id = OLD.office_id)"""
MENDED = """
UPDATE matter_tasks t SET passed_at = (
  SELECT array_agg(coalesce(p.left_at, f.passed_at) ORDER BY f.place)
  FROM unnest(t.former_offices, t.passed_at) WITH ORDINALITY AS f (office_id, passed_at, place)
  LEFT JOIN handling_parties p ON p.request_id = t.request_id AND p.office_id = f.office_id)
WHERE t.former_offices <> '{}'
"""


def upgrade() -> None:
    op.execute(KEEP.format(at=LEFT_AT))
    with unforced("matter_tasks", "handling_parties"):
        op.execute(MENDED)


def downgrade() -> None:
    op.execute(KEEP.format(at="now()"))
