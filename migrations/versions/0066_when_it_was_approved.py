"""when it was approved: a grant keeps when its second person agreed, and the ledger says the same

By the clock of the registry, as everything else that the ledger of leads has.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0066"
down_revision: str | Sequence[str] | None = "0065"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NOTE = """
CREATE OR REPLACE FUNCTION note_origin() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF NEW.approval <> 'pending' THEN
    INSERT INTO public.origin_entries (office_id, from_office_id, what, rung, overlap_id, at)
    SELECT NEW.grantee_office_id, c.office_id,
           CASE NEW.rung WHEN 4 THEN 'record' WHEN 3 THEN 'summary' ELSE 'contact' END,
           NEW.rung, NEW.overlap_id, CASE TG_OP WHEN 'INSERT' THEN NEW.granted_at ELSE {at} END
    FROM public.cases c WHERE c.id = NEW.case_id;
  END IF;
  RETURN NULL;
END
$function$
"""
# the release before says none
APPROVED = "coalesce(NEW.approved_at, now())"


def _note(at: str) -> None:
    op.execute("GRANT CREATE ON SCHEMA public TO joinder_ladder")
    op.execute("SET LOCAL ROLE joinder_ladder")
    op.execute(NOTE.format(at=at))
    op.execute("SET LOCAL ROLE joinder_owner")
    op.execute("REVOKE CREATE ON SCHEMA public FROM joinder_ladder")


def upgrade() -> None:
    op.execute("ALTER TABLE case_grants ADD COLUMN approved_at timestamptz")
    op.execute("GRANT UPDATE (approved_at) ON case_grants TO joinder_app")
    _note(APPROVED)


def downgrade() -> None:
    _note("now()")
    op.execute("ALTER TABLE case_grants DROP COLUMN approved_at")
