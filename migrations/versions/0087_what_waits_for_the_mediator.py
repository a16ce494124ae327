"""what waits for the mediator: not what is settled, and for whom the state names now

Which overlaps wait is the view's to say, because an Attorney General reads no office's answers.
"""

import re
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0087"
down_revision: str | Sequence[str] | None = "0086"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OFFICE = "(SELECT current_office())"
ASKED = f"mediator_office_id = {OFFICE}"
OF_STATE = f"""mediator_office_id IN (
  SELECT o.id FROM state_settings s JOIN offices o ON o.state = s.state
  WHERE s.mediator_office_id = {OFFICE})"""

# no side owes an answer, or to agree (followups/states.py)
SETTLED = """NOT EXISTS (
  SELECT FROM overlap_sides s
  JOIN overlap_sides t ON t.office_id = s.other_office_id AND t.overlap_id = s.overlap_id
  LEFT JOIN follow_ups f ON f.office_id = s.office_id AND f.overlap_id = s.overlap_id
  WHERE s.overlap_id = o.id AND f.resolved_evidence IS DISTINCT FROM o.evidence
    AND CASE s.verdict
        WHEN 'confirmed' THEN t.verdict = 'not_a_match' AND t.verdict_evidence = o.evidence
        WHEN 'not_a_match' THEN s.verdict_evidence <> o.evidence OR t.verdict = 'confirmed'
        ELSE true END) AS is_settled"""
EMPTY = "false AS is_settled"


def upgrade() -> None:
    _settle(SETTLED)
    op.execute(f"ALTER POLICY app_select ON mediations USING ({OF_STATE})")


def downgrade() -> None:
    op.execute(f"ALTER POLICY app_select ON mediations USING ({ASKED})")
    _settle(EMPTY)  # policies may read the view, so its column stays


def _settle(settled: str) -> None:
    """Say in the view of a state's overlaps which are settled; the rest of it stays as it is."""
    view = op.get_bind().scalar(sa.text("SELECT pg_get_viewdef('state_overlaps'::regclass)"))
    view, count = re.subn(
        r'(x\.is_walled)(?:,.* AS is_settled)?(\s+FROM \("?overlaps"? o)',
        rf"\1, {settled}\2", view, count=1, flags=re.DOTALL,
    )  # fmt: skip
    assert count == 1, view
    op.execute("GRANT CREATE ON SCHEMA public TO joinder_ladder")
    op.execute("SET LOCAL ROLE joinder_ladder")
    op.execute(f"CREATE OR REPLACE VIEW state_overlaps AS {view}".replace(":", r"\:"))
    op.execute("SET LOCAL ROLE joinder_owner")
    op.execute("REVOKE CREATE ON SCHEMA public FROM joinder_ladder")
