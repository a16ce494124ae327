"""answered is not pending: a meeting's sheet counts no request that waits for nobody any more

A question that was answered yes stays open for a year, and waits neither for an answer nor for a
signature. What was counted before is forgotten, so that the next night counts anew: topics of which
there was nothing were left out of it, and to be left out means by now that they were not counted.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0081"
down_revision: str | Sequence[str] | None = "0080"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

WAITING = "('sent', 'countered', 'escalated', 'awaiting_their_leadership')"
OPEN = "('sent', 'countered', 'escalated', 'accepted', 'awaiting_their_leadership')"


def upgrade() -> None:
    _replace(OPEN, WAITING)
    op.execute("TRUNCATE agendas")


def downgrade() -> None:
    _replace(WAITING, OPEN)


def _replace(former: str, latter: str) -> None:
    asked = sa.text("SELECT pg_get_functiondef('count_agenda'::regproc)")
    found: str = op.get_bind().scalar(asked)
    assert found.count(former) == 2, found
    op.execute("GRANT CREATE ON SCHEMA public TO joinder_ladder")
    op.execute("SET LOCAL ROLE joinder_ladder")
    op.execute(found.replace(former, latter).replace(":", r"\:"))
    op.execute("SET LOCAL ROLE joinder_owner")
    op.execute("REVOKE CREATE ON SCHEMA public FROM joinder_ladder")
