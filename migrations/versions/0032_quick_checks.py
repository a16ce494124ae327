"""What a quick check may tell of other offices' cases."""

from alembic import op

from migrations.guarding import answer_as_ladder

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

OFFICE = '(SELECT public.current_office())'
PERSON = '(SELECT public.current_person())'
IN_FORCE = """EXISTS (
      SELECT FROM public.participation_agreements a WHERE a.office_id = {office}
        AND a.effective_on <= (SELECT public.current_day())
        AND (a.ends_on IS NULL OR a.ends_on > (SELECT public.current_day())))"""

# The ladder's decision on cases that no overlap joins with one of the caller's, by disclosure alone:
# keys, codes and a rung, no name and no text. For the matcher, which alone knows which cases to ask
# about; the application's role cannot ask. tests/access/test_sql.py holds the view to the policy,
# tests/quick_checks this function to the view.
TOLD_CASES = f"""
CREATE FUNCTION told_cases(asked bigint[])
RETURNS TABLE (case_id bigint, office_id bigint, record_class text, disclosure text, rung integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER COST 10000 SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT t.* FROM (
    SELECT c.id, c.office_id::bigint, c.record_class::text, c.disclosure::text, least(
      (SELECT coalesce(max(CASE WHEN role = 'client' THEN 3
                                WHEN role IN ('prosecutor', 'analyst', 'leadership', 'coordinator')
                                THEN 4 ELSE 0 END), 0) FROM unnest(public.current_roles()) AS r (role)),
      CASE c.record_class WHEN 'pre_charge' THEN 4 WHEN 'charged' THEN 4 WHEN 'disposed' THEN 4
                          WHEN 'declined' THEN 4 ELSE 0 END,
      CASE c.disclosure WHEN 'open' THEN 2 WHEN 'contact_first' THEN 1 ELSE 0 END) AS rung
    FROM public.cases c
    WHERE c.id = ANY (asked) AND c.office_id <> {OFFICE}
      AND NOT EXISTS (
        SELECT FROM public.case_walls w WHERE w.case_id = c.id AND w.lifted_at IS NULL
          AND (w.office_id = {OFFICE} OR w.person_id = {PERSON}))
      AND {IN_FORCE.format(office=OFFICE)} AND {IN_FORCE.format(office='c.office_id')}) AS t
  WHERE t.rung > 0;
END
$function$
"""


def upgrade() -> None:
    answer_as_ladder({'told_cases(bigint[])': TOLD_CASES}, 'matcher')


def downgrade() -> None:
    op.execute('SET LOCAL ROLE joinder_ladder')
    op.execute('DROP FUNCTION told_cases(bigint[])')
    op.execute('SET LOCAL ROLE joinder_owner')
