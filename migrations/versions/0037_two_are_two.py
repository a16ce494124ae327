"""two are two: who asks for what takes a second person is who acts, and asks before the second acts"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import OFFICE, OF_OWN_CASE, OWN

revision: str = "0037"
down_revision: str | Sequence[str] | None = "0036"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ACTOR = """coalesce(
  (SELECT 'client:' || current_client()), (SELECT 'person:' || current_person()))"""
GIVEN = f"""{OF_OWN_CASE} AND (
  rung <= 2 AND approval = 'not_needed' OR approval = 'pending' AND granted_by = {ACTOR})"""
# of the case of who asked, it is that one who asks for the summary to be shown, not who accepts
ACCEPTED = f"""grantee_office_id = {OFFICE} AND (rung <= 2 OR rung = 3 AND approval = 'pending'
  AND granted_by = (SELECT h.requested_by FROM handling_requests h WHERE h.id = request_id)) AND (
  SELECT true FROM handling_parties p
  WHERE p.{OWN} AND p.accepted_terms IS NOT NULL AND p.requester_case_id = case_grants.case_id
    AND p.overlap_id = case_grants.overlap_id AND p.request_id = case_grants.request_id)"""
BROKEN = f"""grantee_office_id = {OFFICE} AND person_id = (SELECT current_person()) AND rung <= 3 AND (
  SELECT true FROM glass_breaks b
  WHERE b.{OWN} AND b.owner_case_id = case_grants.case_id AND b.overlap_id = case_grants.overlap_id
    AND b.expires_at = case_grants.expires_at LIMIT 1)"""
STANDS = f'{OF_OWN_CASE} AND lift_asked_by IS NULL AND lifted_by IS NULL'

# that either acts in its own name is the policy's, which sees the row as it will be, not as it was
LIFTED_AFTER_ASKED = """
CREATE FUNCTION lift_after_asking() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF OLD.lifted_by IS NOT NULL OR NEW.lifted_by IS NOT NULL AND (
       OLD.lift_asked_by IS NULL OR NEW.lift_asked_by IS DISTINCT FROM OLD.lift_asked_by
       OR NEW.lift_asked_at IS DISTINCT FROM OLD.lift_asked_at) THEN
    RAISE EXCEPTION 'one asks, and then another lifts' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END
$function$
"""


def upgrade() -> None:
    op.execute(
        f'ALTER POLICY app_insert ON case_grants WITH CHECK ({GIVEN} OR {ACCEPTED} OR {BROKEN})'
    )
    op.execute(f'ALTER POLICY app_insert ON case_walls WITH CHECK ({STANDS})')
    op.execute(LIFTED_AFTER_ASKED)
    op.execute(
        'CREATE TRIGGER lift_after_asking BEFORE UPDATE ON case_walls FOR EACH ROW'
        ' EXECUTE FUNCTION lift_after_asking()'
    )


def downgrade() -> None:
    raise NotImplementedError('One person could then do what takes two.')
