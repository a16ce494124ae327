"""webhooks that gave up: an alarm tells the office, whose messages wait until somebody looks"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import unforced

revision: str = "0077"
down_revision: str | Sequence[str] | None = "0076"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KINDS = "'canary', 'allowance', 'readings', 'short_lived', 'unposted', 'proposed'"


def upgrade() -> None:
    _check(f"{KINDS}, 'webhook'")


def downgrade() -> None:
    with unforced("alarms"):
        op.execute("DELETE FROM alarms WHERE kind = 'webhook'")
    _check(KINDS)


def _check(kinds: str) -> None:
    op.execute(
        "ALTER TABLE alarms DROP CONSTRAINT ck_alarms_kind,"
        f" ADD CONSTRAINT ck_alarms_kind CHECK (kind IN ({kinds}))"
    )
