"""clocks of follow-ups: other evidence begins them anew, a disagreement has one; pointers rank alike

What was judged long ago and rests on other evidence now was late at once, and two offices that
disagreed owed nothing. The view of the ladder gave the strength that a pointer hides, by whose
order it could be told.
"""

import re
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.guarding import unforced

revision: str = "0082"
down_revision: str | Sequence[str] | None = "0081"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

EMPTY = "NULL::timestamp with time zone AS stands_since"
SINCE = "COALESCE(o.renewed_at, o.found_at) AS stands_since"
MASKED = """CASE
            WHEN (x.reached >= 2) THEN o.strength
            ELSE NULL::integer
        END AS strength"""


def upgrade() -> None:
    op.add_column("overlaps", sa.Column("renewed_at", sa.DateTime(timezone=True), nullable=True))
    _define(
        (r"\n    o\.strength,", f"\n    {MASKED},"),
        (r'(o_1\.state)(\s+FROM "?overlaps"? o_1)', r"\1, o_1.renewed_at\2"),
        (rf"(x\.stages)(?:,\s+{re.escape(EMPTY)})?(\s+FROM \(\(overlap_sides s)", rf"\1, {SINCE}\2"),
    )
    _keep("'acknowledge', 'judge', 'agree'", "office_id, overlap_id, round, step, level, due_on")


def downgrade() -> None:
    with unforced("reminders"):
        op.execute(
            "DELETE FROM reminders r WHERE step = 'agree' OR EXISTS (SELECT FROM reminders s"
            " WHERE (s.office_id, s.overlap_id, s.round, s.step, s.level)"
            " = (r.office_id, r.overlap_id, r.round, r.step, r.level) AND s.id > r.id)"
        )
    _keep("'acknowledge', 'judge'", "office_id, overlap_id, round, step, level")
    # policies read the view, so its column stays and is empty
    _define(
        (r"CASE\s+WHEN \(x\.reached >= 2\) THEN o\.strength\s+ELSE NULL::integer\s+END AS strength",
         "o.strength"),
        (r",\s+o_1\.renewed_at", ""),
        (re.escape(SINCE), EMPTY),
    )
    op.drop_column("overlaps", "renewed_at")


def _keep(steps: str, once: str) -> None:
    """Replace what the reminders' constraints say of steps, and of what is made once."""
    with unforced("reminders"):
        op.execute(
            "ALTER TABLE reminders DROP CONSTRAINT ck_reminders_step,"
            " DROP CONSTRAINT uq_reminders_once,"
            f" ADD CONSTRAINT ck_reminders_step CHECK (step IN ({steps})),"
            f" ADD CONSTRAINT uq_reminders_once UNIQUE ({once})"
        )


def _define(*changes: tuple[str, str]) -> None:
    """Change the view of the ladder in these places; the rest of it stays as it is."""
    view = op.get_bind().scalar(sa.text("SELECT pg_get_viewdef('shown_overlaps'::regclass)"))
    for pattern, instead in changes:
        view, count = re.subn(pattern, instead, view, count=1)
        assert count == 1, pattern
    op.execute("GRANT CREATE ON SCHEMA public TO joinder_ladder")
    op.execute("SET LOCAL ROLE joinder_ladder")
    op.execute(f"CREATE OR REPLACE VIEW shown_overlaps AS {view}".replace(":", r"\:"))
    op.execute("SET LOCAL ROLE joinder_owner")
    op.execute("REVOKE CREATE ON SCHEMA public FROM joinder_ladder")
