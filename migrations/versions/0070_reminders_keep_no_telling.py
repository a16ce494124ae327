"""reminders keep no telling: their events tell of them at once, and jobs see none of it"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import ALL

revision: str = "0070"
down_revision: str | Sequence[str] | None = "0069"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SEEN = {
    "reminders": "SELECT",
    "assignments": "SELECT (office_id, overlap_id, person_id)",
    "mediations": "SELECT",
}


def upgrade() -> None:
    for table, privilege in SEEN.items():
        op.execute(f"DROP POLICY jobs_select ON {table}")
        op.execute(f"REVOKE {privilege} ON {table} FROM joinder_jobs")
    op.execute("DROP INDEX ix_reminders_untold")
    op.execute("ALTER TABLE reminders DROP COLUMN told_at")


def downgrade() -> None:
    op.execute("ALTER TABLE reminders ADD COLUMN told_at timestamptz")
    op.execute("CREATE INDEX ix_reminders_untold ON reminders (id) WHERE told_at IS NULL")
    for table, privilege in SEEN.items():
        op.execute(f"GRANT {privilege} ON {table} TO joinder_jobs")
        op.execute(f"CREATE POLICY jobs_select ON {table} FOR SELECT TO joinder_jobs USING ({ALL})")
