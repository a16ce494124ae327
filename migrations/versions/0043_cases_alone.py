"""requests about a case alone: an office is asked by its code about a case that overlaps with none

Of one case one question of a kind, and one agreement, is open with each office.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0043"
down_revision: str | Sequence[str] | None = "0042"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# who asks names parties of overlaps that it is shown, or an office by its code, about an own case
NAMED = """is_asking(request_id) AND CASE
  WHEN overlap_id IS NOT NULL THEN (SELECT true FROM shown_overlaps v
    WHERE v.id = handling_parties.overlap_id AND v.case_id = requester_case_id
      AND v.other_case_id = handling_parties.case_id
      AND v.other_office_id = handling_parties.office_id)
  WHEN requester_case_id IS NOT NULL THEN (SELECT true FROM cases c
    WHERE c.id = requester_case_id AND c.office_id = (SELECT current_office()))
  ELSE true END"""
# a draft hinders nobody: it would be told by its hindering
OPEN_CASE = """
CREATE FUNCTION open_case() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  UPDATE public.handling_parties SET open_as = 'agreement'
  WHERE request_id = NEW.id AND overlap_id IS NULL AND requester_case_id IS NOT NULL;
  RETURN NULL;
END
$function$
"""


def upgrade() -> None:
    op.execute(
        'ALTER TABLE handling_parties DROP CONSTRAINT ck_handling_parties_overlap,'
        ' ADD CONSTRAINT ck_handling_parties_overlap CHECK ((overlap_id IS NULL) = (case_id IS NULL)'
        ' AND (overlap_id IS NULL OR requester_case_id IS NOT NULL)),'
        ' DROP CONSTRAINT ck_handling_parties_requester,'
        ' ADD CONSTRAINT ck_handling_parties_requester CHECK (number > 1 OR requester_case_id IS NULL)'
    )
    op.execute(
        'CREATE UNIQUE INDEX uq_handling_parties_open_case ON handling_parties'
        ' (requester_case_id, office_id, open_as) WHERE overlap_id IS NULL'
    )
    op.execute(f'ALTER POLICY app_insert ON handling_parties WITH CHECK ({NAMED})')
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    op.execute(OPEN_CASE)
    op.execute(
        'CREATE TRIGGER sent_case AFTER UPDATE OF sent_at ON handling_requests FOR EACH ROW'
        ' WHEN (OLD.sent_at IS NULL AND NEW.sent_at IS NOT NULL) EXECUTE FUNCTION open_case()'
    )
    op.execute('ALTER FUNCTION open_case() OWNER TO joinder_ladder')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')


def downgrade() -> None:
    raise NotImplementedError('What a case alone was asked about would have no case any more.')
