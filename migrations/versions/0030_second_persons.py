"""second persons: what takes two is signed by who acts, and a summary is never shown by one alone"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import OFFICE, OF_OWN_CASE, OWN

revision: str = "0030"
down_revision: str | Sequence[str] | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ACTOR = "(SELECT 'person:' || current_person())"
LEADS = "(SELECT 'leadership' = ANY (current_roles()))"
ACCEPTED = f"""grantee_office_id = {OFFICE} AND (rung <= 2 OR rung = 3 AND approval = 'pending') AND (
  SELECT true FROM handling_parties p
  WHERE p.{OWN} AND p.accepted_terms IS NOT NULL AND p.requester_case_id = case_grants.case_id
    AND p.overlap_id = case_grants.overlap_id AND p.request_id = case_grants.request_id)"""
BROKEN = f"""grantee_office_id = {OFFICE} AND person_id = (SELECT current_person()) AND rung <= 3 AND (
  SELECT true FROM glass_breaks b
  WHERE b.{OWN} AND b.owner_case_id = case_grants.case_id AND b.overlap_id = case_grants.overlap_id
    AND b.expires_at = case_grants.expires_at LIMIT 1)"""
GIVEN = f"{OF_OWN_CASE} AND (rung <= 2 AND approval = 'not_needed' OR approval = 'pending')"

# (table, action): rows that it may make or leave; that two are not one is a constraint of the table
POLICIES = {
    ('case_grants', 'insert'): f'{GIVEN} OR {ACCEPTED} OR {BROKEN}',
    # a grant is ended, or approved by a unit head
    ('case_grants', 'update'):
        f'revoked_at IS NOT NULL OR {OF_OWN_CASE} AND approved_by = {ACTOR} AND {LEADS}',
    ('case_walls', 'update'):
        f'{LEADS} AND CASE WHEN lifted_by IS NULL THEN lift_asked_by ELSE lifted_by END = {ACTOR}',
    ('glass_breaks', 'update'): f'reviewed_by = {ACTOR}',
}


def upgrade() -> None:
    for (table, action), left in POLICIES.items():
        op.execute(f'ALTER POLICY app_{action} ON {table} WITH CHECK ({left})')


def downgrade() -> None:
    raise NotImplementedError('One person could then show what takes two.')
