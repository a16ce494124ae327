"""offers of the lead lapse by one clock: the registry's, with the version that says who leaves

Not the database's: what else a matter keeps the time of is by the registry's, and the two differ.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0079"
down_revision: str | Sequence[str] | None = "0078"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LAPSE_OFFER = """
CREATE FUNCTION lapse_offer() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  UPDATE public.matter_leads l SET withdrawn_at = {at}
  WHERE l.request_id = NEW.request_id AND l.office_id = NEW.{office}
    AND l.accepted_at IS NULL AND l.withdrawn_at IS NULL;
  RETURN NULL;
END
$function$
"""


NOTICE = "CREATE TRIGGER notice AFTER {when} FOR EACH ROW WHEN ({gone}) EXECUTE FUNCTION lapse_offer()"


def upgrade() -> None:
    op.execute("DROP TRIGGER notice ON handling_parties")
    _replace(
        # of its own office alone: who proposes that another leaves takes none of its offers back
        NOTICE.format(
            when="INSERT ON handling_terms", gone="NEW.leaves_office_id = NEW.office_id"
        ),
        at="NEW.proposed_at",
        office="leaves_office_id",
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER notice ON handling_terms")
    _replace(
        NOTICE.format(
            when="UPDATE OF leaves_on ON handling_parties", gone="NEW.leaves_on IS NOT NULL"
        ),
        at="now()",
        office="office_id",
    )


def _replace(trigger: str, **parts: str) -> None:
    op.execute("SET LOCAL ROLE joinder_ladder")
    op.execute("DROP FUNCTION lapse_offer()")
    op.execute("SET LOCAL ROLE joinder_owner")
    op.execute("GRANT CREATE ON SCHEMA public TO joinder_ladder")
    op.execute(LAPSE_OFFER.format(**parts))
    op.execute(trigger)
    op.execute("ALTER FUNCTION lapse_offer() OWNER TO joinder_ladder")
    op.execute("REVOKE CREATE ON SCHEMA public FROM joinder_ladder")
