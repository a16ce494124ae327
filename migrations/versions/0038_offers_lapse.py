"""offers of the lead lapse when the office that was offered it gives notice to leave

Whoever leaves does not lead, so an offer that still waited was one that nobody could accept.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0038"
down_revision: str | Sequence[str] | None = "0037"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LAPSE_OFFER = """
CREATE FUNCTION lapse_offer() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  UPDATE public.matter_leads l SET withdrawn_at = now()
  WHERE l.request_id = NEW.request_id AND l.office_id = NEW.office_id
    AND l.accepted_at IS NULL AND l.withdrawn_at IS NULL;
  RETURN NULL;
END
$function$
"""
GIVEN = """
UPDATE matter_leads l SET withdrawn_at = now() FROM handling_parties p
WHERE p.request_id = l.request_id AND p.office_id = l.office_id AND p.leaves_on IS NOT NULL
  AND l.accepted_at IS NULL AND l.withdrawn_at IS NULL
"""
READ = ('matter_leads', 'handling_parties')


def upgrade() -> None:
    for table in READ:
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
    op.execute(GIVEN)
    for table in READ:
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    op.execute(LAPSE_OFFER)
    op.execute(
        'CREATE TRIGGER notice AFTER UPDATE OF leaves_on ON handling_parties FOR EACH ROW'
        ' WHEN (NEW.leaves_on IS NOT NULL) EXECUTE FUNCTION lapse_offer()'
    )
    op.execute('ALTER FUNCTION lapse_offer() OWNER TO joinder_ladder')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')


def downgrade() -> None:
    op.execute('DROP TRIGGER notice ON handling_parties')
    op.execute('DROP FUNCTION lapse_offer()')
