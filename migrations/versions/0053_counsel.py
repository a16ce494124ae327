"""counsel: who of a state confirmed what is loaded of its law on its Attorney General"""

from collections.abc import Sequence

from alembic import op

revision: str = "0053"
down_revision: str | Sequence[str] | None = "0052"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("""
ALTER TABLE state_settings ADD COLUMN counsel VARCHAR, ADD COLUMN counsel_on DATE,
  ADD COLUMN law_digest BYTEA,
  ADD CONSTRAINT ck_state_settings_counsel CHECK (
    num_nonnulls(counsel, counsel_on, law_digest) IN (0, 3)
    AND length(counsel) BETWEEN 1 AND 200 AND length(law_digest) = 32)
""")


def downgrade() -> None:
    op.execute("""
ALTER TABLE state_settings DROP COLUMN counsel, DROP COLUMN counsel_on, DROP COLUMN law_digest
""")
