"""alarms of what is late: an export, a review, mails that were given up, accounts nobody uses"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import unforced

revision: str = "0090"
down_revision: str | Sequence[str] | None = "0089"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KINDS = "'canary', 'allowance', 'readings', 'short_lived', 'unposted', 'proposed', 'webhook'"
LATE = "'mail', 'late_export', 'glass_review', 'access_review', 'idle_accounts'"
OWN = "office_id = (SELECT current_office())"


def upgrade() -> None:
    _check(f"{KINDS}, {LATE}")
    _may_raise("'allowance', 'late_export'")


def downgrade() -> None:
    with unforced("alarms"):
        op.execute(f"DELETE FROM alarms WHERE kind IN ({LATE})")
    _may_raise("'allowance'")
    _check(KINDS)


def _check(kinds: str) -> None:
    op.execute(
        "ALTER TABLE alarms DROP CONSTRAINT ck_alarms_kind,"
        f" ADD CONSTRAINT ck_alarms_kind CHECK (kind IN ({kinds}))"
    )


def _may_raise(kinds: str) -> None:
    op.execute(
        f"ALTER POLICY app_insert ON alarms WITH CHECK ({OWN} AND kind IN ({kinds}))"
    )
