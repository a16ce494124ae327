"""walled and counted: a person sees no case behind a wall, and a reading is logged as it is debited

Nor does a person read a notice of broken glass over an overlap of such a case; the notice names both
cases, since it stays when the overlap goes.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.guarding import OWN, answer_as_ladder, guard, unforced

revision: str = "0052"
down_revision: str | Sequence[str] | None = "0051"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# read once for a statement; a machine client, which posts, reads nothing for it
WALLED_CASES = """
CREATE FUNCTION walled_cases() RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF public.current_person() IS NULL THEN
    RETURN '{}';
  END IF;
  RETURN coalesce((SELECT array_agg(w.case_id) FROM public.case_walls w
                   WHERE w.person_id = public.current_person() AND w.lifted_at IS NULL), '{}');
END
$function$
"""
# whoever posts under the number of a case that it may not see must be refused, and not told why
WALLED_REFERENCES = """
CREATE FUNCTION walled_references(of_systems text[], of_numbers text[])
RETURNS TABLE (source_system text, external_id text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN QUERY
  SELECT q.source_system, q.external_id
  FROM unnest(of_systems, of_numbers) AS q (source_system, external_id)
  JOIN public.cases c ON c.office_id = public.current_office()
    AND c.source_system = q.source_system AND c.external_id = q.external_id
  WHERE c.id = ANY (public.walled_cases());
END
$function$
"""
OPEN_OVERLAP = """
CREATE FUNCTION open_overlap(of_overlap uuid, of_rung integer, of_reason text, of_time timestamptz)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF NOT public.debit('{"reading": 1}') THEN
    RETURN false;
  END IF;
  INSERT INTO public.readings (case_id, owner_office_id, overlap_id, office_id, office_case_id,
    actor, reader, roles, rung, reason, read_at)
  SELECT v.other_case_id, v.other_office_id, v.id, v.office_id, v.case_id,
    coalesce('client:' || public.current_client(), 'person:' || public.current_person()),
    CASE WHEN public.current_person() IS NULL THEN 'client' ELSE 'person' END,
    public.current_roles(), least(of_rung, v.reached), of_reason, of_time
  FROM public.shown_overlaps v
  WHERE v.id = of_overlap AND v.office_id = public.current_office();
  IF NOT FOUND THEN
    RAISE EXCEPTION 'not shown' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN true;
END
$function$
"""
ACTOR = "(SELECT 'person:' || current_person())"
# the rule of 0042, with the reader's own case in it
BREAKING = f"""{OWN} AND broken_by = {ACTOR} AND broken_at < now() + interval '5 minutes'
  AND reviewed_by IS NULL AND (
  SELECT true FROM shown_overlaps v
  WHERE v.id = glass_breaks.overlap_id AND v.case_id = office_case_id
    AND v.other_case_id = owner_case_id AND v.other_office_id = owner_office_id)"""
NOT_WALLED = """owner_case_id <> ALL ((SELECT walled_cases())::bigint[])
  AND coalesce(office_case_id, 0) <> ALL ((SELECT walled_cases())::bigint[])"""
FUNCTIONS = {
    'walled_cases()': WALLED_CASES,
    'walled_references(text[], text[])': WALLED_REFERENCES,
    'open_overlap(uuid, integer, text, timestamptz)': OPEN_OVERLAP,
}


def upgrade() -> None:
    op.create_index(
        'ix_case_walls_person_id', 'case_walls', ['person_id'],
        postgresql_where=sa.text('lifted_at IS NULL'),
    )
    answer_as_ladder(FUNCTIONS, 'app')
    seen = f'{OWN} AND id <> ALL ((SELECT walled_cases())::bigint[])'
    op.execute(f'ALTER POLICY app_select ON cases USING ({seen})')
    op.execute(f'ALTER POLICY app_update ON cases USING ({seen})')
    op.add_column('glass_breaks', sa.Column('office_case_id', sa.BigInteger(), nullable=True))
    with unforced('glass_breaks', 'overlap_sides'):
        op.execute(
            'UPDATE glass_breaks b SET office_case_id = s.case_id FROM overlap_sides s'
            ' WHERE s.overlap_id = b.overlap_id AND s.office_id = b.office_id'
        )
    op.execute(f'ALTER POLICY app_insert ON glass_breaks WITH CHECK ({BREAKING})')
    for action in ('SELECT', 'UPDATE'):
        op.execute(
            f'CREATE POLICY app_{action.lower()}_not_walled ON glass_breaks AS RESTRICTIVE'
            f' FOR {action} TO joinder_app'
            f' USING ({NOT_WALLED})'
        )
    op.execute('DROP POLICY app_insert ON readings')
    op.execute('REVOKE INSERT ON readings FROM joinder_app')
    guard('readings', [('ladder', 'INSERT', OWN)])


def downgrade() -> None:
    raise NotImplementedError('A person would then see cases that a wall keeps it from.')
