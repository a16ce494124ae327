"""proposals of offices: wait three days for the operator, who is told of them by an alarm

What operators propose to each other still waits one.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0059"
down_revision: str | Sequence[str] | None = "0058"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ('alarms', 'proposals')
KINDS = "'canary', 'allowance', 'readings', 'short_lived', 'unposted'"
TERM = "CASE WHEN office_id IS NULL THEN interval '24 hours' ELSE interval '72 hours' END"


def upgrade() -> None:
    _check(f"{KINDS}, 'proposed'", TERM)


def downgrade() -> None:
    for table in TABLES:
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
    op.execute("DELETE FROM alarms WHERE kind = 'proposed'")
    # what waited longer has ended; what was approved on a later day cannot be told from that
    op.execute("DELETE FROM proposals WHERE approved_at > proposed_at + interval '24 hours'")
    op.execute(
        'UPDATE proposals SET expires_at ='
        " least(expires_at, proposed_at + interval '24 hours')"
    )
    for table in TABLES:
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
    _check(KINDS, "interval '24 hours'")


def _check(kinds: str, term: str) -> None:
    op.execute('ALTER TABLE alarms DROP CONSTRAINT ck_alarms_kind,'
               f' ADD CONSTRAINT ck_alarms_kind CHECK (kind IN ({kinds}))')
    op.execute('ALTER TABLE proposals DROP CONSTRAINT ck_proposals_time_box,'
               ' ADD CONSTRAINT ck_proposals_time_box'
               f' CHECK (expires_at <= proposed_at + {term})')
