"""webhooks that lapse: that no second administrator approved one in time is written down"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import unforced

revision: str = "0078"
down_revision: str | Sequence[str] | None = "0077"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KINDS = (
    "'case', 'grant', 'participation', 'commitment', 'handling', 'credential',"
    " 'grant_end', 'glass_end', 'reading_end', 'lift_request', 'proposal'"
)


def upgrade() -> None:
    _check(f"{KINDS}, 'webhook'")
    op.execute("GRANT SELECT (added_at) ON webhooks TO joinder_jobs")


def downgrade() -> None:
    op.execute("REVOKE SELECT (added_at) ON webhooks FROM joinder_jobs")
    with unforced("lapse_notices"):
        op.execute("DELETE FROM lapse_notices WHERE what = 'webhook'")
    _check(KINDS)


def _check(kinds: str) -> None:
    op.execute("ALTER TABLE lapse_notices DROP CONSTRAINT ck_lapse_notices_what")
    op.execute(
        "ALTER TABLE lapse_notices"
        f" ADD CONSTRAINT ck_lapse_notices_what CHECK (what IN ({kinds}))"
    )
