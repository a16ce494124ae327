"""recorded lapses: what ends by its date alone is written down once, by the night after it

Grants, readings in an emergency, second readings of summaries, requests to lift a wall, proposals.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0060"
down_revision: str | Sequence[str] | None = "0059"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TOLD = "'case', 'grant', 'participation', 'commitment', 'handling', 'credential'"
RECORDED = "'grant_end', 'glass_end', 'reading_end', 'lift_request', 'proposal'"
WHAT = """
ALTER TABLE lapse_notices DROP CONSTRAINT ck_lapse_notices_what;
ALTER TABLE lapse_notices ADD CONSTRAINT ck_lapse_notices_what CHECK (what IN ({}))
"""
GIVEN = """
GRANT SELECT (key, purpose) ON case_grants TO joinder_jobs;
GRANT SELECT (expires_at) ON glass_breaks TO joinder_jobs;
GRANT SELECT (id, office_id, read_at, expires_at) ON summary_readings TO joinder_jobs;
CREATE POLICY jobs_select ON summary_readings FOR SELECT TO joinder_jobs USING (true);
GRANT SELECT (id, case_id, lift_asked_at, lifted_at) ON case_walls TO joinder_jobs;
CREATE POLICY jobs_select ON case_walls FOR SELECT TO joinder_jobs USING (true)
"""
TAKEN = """
ALTER TABLE lapse_notices NO FORCE ROW LEVEL SECURITY;
DELETE FROM lapse_notices
WHERE what IN ('grant_end', 'glass_end', 'reading_end', 'lift_request', 'proposal');
ALTER TABLE lapse_notices FORCE ROW LEVEL SECURITY;
DROP POLICY jobs_select ON case_walls;
REVOKE SELECT (id, case_id, lift_asked_at, lifted_at) ON case_walls FROM joinder_jobs;
DROP POLICY jobs_select ON summary_readings;
REVOKE SELECT (id, office_id, read_at, expires_at) ON summary_readings FROM joinder_jobs;
REVOKE SELECT (expires_at) ON glass_breaks FROM joinder_jobs;
REVOKE SELECT (key, purpose) ON case_grants FROM joinder_jobs
"""


def upgrade() -> None:
    _execute(WHAT.format(f"{TOLD}, {RECORDED}") + ";" + GIVEN)


def downgrade() -> None:
    _execute(TAKEN + ";" + WHAT.format(TOLD))


def _execute(statements: str) -> None:
    for statement in statements.split(";"):
        op.execute(statement)
