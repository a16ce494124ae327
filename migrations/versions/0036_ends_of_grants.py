"""ends of grants: who was given one is told of its end in overlaps, which are shown or not, alone

An event about no overlap was shown whatever the case had become: silent, walled off, withdrawn.
Those that were written go.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0036"
down_revision: str | Sequence[str] | None = "0035"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ABOUT = """num_nonnulls(overlap_id, case_id, request_id) = 1
  OR num_nonnulls(overlap_id, case_id, request_id) = 0
    AND split_part(type, '.', 1) IN ('participation', 'commitment', 'handling')"""

# by the database, as the nightly run reads no overlap; row security decides who reads the events
TELL_GRANTEE = """
CREATE FUNCTION tell_grantee() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO public.events (office_id, type, overlap_id)
  SELECT s.office_id, CASE NEW.stage WHEN 0 THEN 'grant.lapsed' ELSE 'grant.lapsing' END,
    s.overlap_id
  FROM public.case_grants g
  JOIN public.overlap_sides s ON s.other_case_id = g.case_id
    AND s.office_id = g.grantee_office_id AND s.overlap_id = coalesce(g.overlap_id, s.overlap_id)
  JOIN public.overlaps o ON o.id = s.overlap_id AND o.retracted_at IS NULL
  WHERE g.id = NEW.key::bigint AND g.grantee_office_id = NEW.office_id;
  RETURN NULL;
END
$function$
"""


def upgrade() -> None:
    op.execute('ALTER TABLE events NO FORCE ROW LEVEL SECURITY')
    op.execute(
        "DELETE FROM events WHERE split_part(type, '.', 1) = 'grant'"
        ' AND num_nonnulls(overlap_id, case_id, request_id) = 0'
    )
    op.execute(
        'ALTER TABLE events DROP CONSTRAINT ck_events_about,'
        f' ADD CONSTRAINT ck_events_about CHECK ({ABOUT})'
    )
    op.execute('ALTER TABLE events FORCE ROW LEVEL SECURITY')
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    op.execute(TELL_GRANTEE)
    op.execute(
        "CREATE TRIGGER grantee AFTER INSERT ON lapse_notices FOR EACH ROW"
        " WHEN (NEW.what = 'grant') EXECUTE FUNCTION tell_grantee()"
    )
    op.execute('ALTER FUNCTION tell_grantee() OWNER TO joinder_ladder')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')


def downgrade() -> None:
    raise NotImplementedError('An office would then be told of a case that it may not know of.')
