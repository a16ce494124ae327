"""validated by now: a day to come would put the review of a case off for ever"""

from collections.abc import Sequence

from alembic import op

revision: str = "0077"
down_revision: str | Sequence[str] | None = "0076"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# what holds once holds for ever, so that a dump can be restored; a clock may be a day off
BY_NOW = "validated_on <= (now() AT TIME ZONE 'UTC')::date + 1"


def upgrade() -> None:
    op.execute(f"ALTER TABLE cases ADD CONSTRAINT ck_cases_validated_on CHECK ({BY_NOW})")


def downgrade() -> None:
    op.execute("ALTER TABLE cases DROP CONSTRAINT ck_cases_validated_on")
