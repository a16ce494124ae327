"""mail to backups: an office's backup contact is mailed that something waits, whoever signs in"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.guarding import unforced

revision: str = "0083"
down_revision: str | Sequence[str] | None = "0082"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# the office passed something on since the last mail to its backup, and not long ago
PASSED_ON = """
  OR EXISTS (
    SELECT FROM public.reminders r
    WHERE r.office_id = o.id AND r.level = 'backup'
      AND r.made_at > at - interval '2 days' AND r.made_at <= at
      AND NOT EXISTS (SELECT FROM public.mails b WHERE b.office_id = o.id
                      AND b.person_id IS NULL AND b.due_at >= r.made_at))"""
OFFICES_TO_MAIL = """
CREATE OR REPLACE FUNCTION offices_to_mail(at timestamptz) RETURNS TABLE (office_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN QUERY
  SELECT o.id FROM public.offices o
  WHERE o.suspended_at IS NULL AND (EXISTS (
    SELECT FROM public.notice_settings s
    JOIN public.persons p ON p.id = s.person_id AND p.disabled_at IS NULL
    WHERE s.office_id = o.id AND s.mail = 'at_once' AND s.mail_due_at <= at AND EXISTS (
      SELECT FROM public.events e
      WHERE e.office_id = o.id
        AND e.written_in >= s.mail_written_in
        AND e.written_in < pg_snapshot_xmin(pg_current_snapshot())::text::bigint))
  OR EXISTS (
    SELECT FROM public.mails m
    WHERE m.office_id = o.id AND m.state = 'waiting' AND m.due_at <= at
      AND (m.claimed_until IS NULL OR m.claimed_until <= at)){more});
END
$function$
"""
SEEN = {"reminders": "(office_id, level, made_at)", "mails": "(person_id)"}


def upgrade() -> None:
    op.alter_column("mails", "person_id", nullable=True)
    op.create_index(
        "uq_mails_backup", "mails", ["office_id"], unique=True,
        postgresql_where=sa.text("state = 'waiting' AND person_id IS NULL"),
    )  # fmt: skip
    op.create_index(
        "ix_mails_backup", "mails", ["office_id", "due_at"],
        postgresql_where=sa.text("person_id IS NULL"),
    )  # fmt: skip
    op.create_index(
        "ix_reminders_backup", "reminders", ["office_id", "made_at"],
        postgresql_where=sa.text("level = 'backup'"),
    )  # fmt: skip
    for table, columns in SEEN.items():
        op.execute(f"GRANT SELECT {columns} ON {table} TO joinder_ladder")
    op.execute("CREATE POLICY ladder_select ON reminders FOR SELECT TO joinder_ladder USING (true)")
    _replace(PASSED_ON)


def downgrade() -> None:
    _replace("")
    op.execute("DROP POLICY ladder_select ON reminders")
    for table, columns in SEEN.items():
        op.execute(f"REVOKE SELECT {columns} ON {table} FROM joinder_ladder")
    for table, index in (
        ("reminders", "ix_reminders_backup"),
        ("mails", "ix_mails_backup"),
        ("mails", "uq_mails_backup"),
    ):
        op.drop_index(index, table)
    with unforced("mails"):
        op.execute("DELETE FROM mails WHERE person_id IS NULL")
    op.alter_column("mails", "person_id", nullable=False)


def _replace(more: str) -> None:
    op.execute("GRANT CREATE ON SCHEMA public TO joinder_ladder")
    op.execute("SET LOCAL ROLE joinder_ladder")
    op.execute(OFFICES_TO_MAIL.format(more=more))
    op.execute("SET LOCAL ROLE joinder_owner")
    op.execute("REVOKE CREATE ON SCHEMA public FROM joinder_ladder")
