"""readings for auditors: who reads the audit learns which other offices read the office's cases

Of a reader it is told what anybody of the office is told who works on overlaps, and no more.
"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import answer_as_ladder

revision: str = "0051"
down_revision: str | Sequence[str] | None = "0050"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# the view asks what its reader is: for its own query alone it is told, somebody who works on overlaps
AUDITED = """
CREATE FUNCTION audited_overlap(of_overlap uuid) RETURNS TABLE (
  case_id bigint, source_system text, external_id text, state text, kind text, code text, name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER COST 10000 ROWS 1 SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  before text := current_setting('joinder.roles', true);
BEGIN
  IF 'auditor' = ANY (public.current_roles()) THEN
    PERFORM set_config('joinder.roles', 'analyst', true);
    RETURN QUERY SELECT v.case_id, v.source_system::text, v.external_id::text, v.state::text,
      v.kind::text, v.code::text, v.name::text
    FROM public.shown_overlaps v WHERE v.id = of_overlap;
    PERFORM set_config('joinder.roles', before, true);
  END IF;
END
$function$
"""


def upgrade() -> None:
    answer_as_ladder({'audited_overlap(uuid)': AUDITED}, 'app')
    op.execute('DROP POLICY app_select ON readings')
    op.execute(
        'CREATE POLICY app_select ON readings FOR SELECT TO joinder_app'
        ' USING (owner_office_id = current_office() AND (is_shown(overlap_id)'
        ' OR (SELECT true FROM audited_overlap(overlap_id))))'
    )


def downgrade() -> None:
    op.execute('DROP POLICY app_select ON readings')
    op.execute(
        'CREATE POLICY app_select ON readings FOR SELECT TO joinder_app'
        ' USING (owner_office_id = current_office() AND is_shown(overlap_id))'
    )
    op.execute('DROP FUNCTION audited_overlap(uuid)')
