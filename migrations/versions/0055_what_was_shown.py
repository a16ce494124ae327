"""what was shown: an auditor reads which overlaps an entry says that people of the office were shown

Of each it is told what the office is told of it now, by `audited_overlap`.
"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import OWN, answer_as_ladder

revision: str = "0055"
down_revision: str | Sequence[str] | None = "0054"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SHOWN = """
CREATE FUNCTION shown_by(of_entry bigint, from_overlap uuid, most integer)
RETURNS TABLE (overlap_id uuid, rung text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF 'auditor' = ANY (public.current_roles()) THEN
    RETURN QUERY SELECT substring(d.key FROM 5)::uuid, d.value
    FROM public.audit_entries e CROSS JOIN LATERAL jsonb_each_text(e.detail) AS d
    WHERE e.id = of_entry AND e.office_id = public.current_office()
      AND e.action = 'overlaps.disclosed'
      AND (from_overlap IS NULL OR substring(d.key FROM 5)::uuid > from_overlap)
    ORDER BY 1 LIMIT most;
  END IF;
END
$function$
"""


def upgrade() -> None:
    op.execute('GRANT SELECT (id, office_id, action, detail) ON audit_entries TO joinder_ladder')
    op.execute(f'CREATE POLICY ladder_select ON audit_entries FOR SELECT TO joinder_ladder USING ({OWN})')
    answer_as_ladder({'shown_by(bigint, uuid, integer)': SHOWN}, 'app')


def downgrade() -> None:
    op.execute('DROP FUNCTION shown_by(bigint, uuid, integer)')
    op.execute('DROP POLICY ladder_select ON audit_entries')
    op.execute('REVOKE SELECT (id, office_id, action, detail) ON audit_entries FROM joinder_ladder')
