"""walls among the named: an own wall refuses whom the office is told of, and tells of nobody else

Who set up one wall after the other could learn which office hides behind a pointer. A party that
is walled and not named never sees the request, so nothing comes of it.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0053"
down_revision: str | Sequence[str] | None = "0052"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# each office's own walls only, so that no refusal tells of another's; whoever leaves may always
KEEP_TO_WALLS = """
CREATE OR REPLACE FUNCTION keep_to_walls() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  joins bigint;
  leaves bigint;
BEGIN
  SELECT t.joins_office_id, t.leaves_office_id INTO joins, leaves
  FROM public.handling_terms t WHERE t.request_id = NEW.request_id
  ORDER BY t.number DESC LIMIT 1;
  IF leaves IS NULL AND EXISTS (
    SELECT FROM public.handling_parties p
    JOIN public.case_walls w ON w.case_id IN (p.case_id, p.requester_case_id)
     AND w.lifted_at IS NULL
    JOIN public.cases c ON c.id = w.case_id AND c.office_id = public.current_office()
    WHERE p.request_id = NEW.request_id AND (w.office_id = joins OR EXISTS (
      SELECT FROM public.handling_parties q
      JOIN public.handling_requests h ON h.id = q.request_id
      WHERE q.request_id = NEW.request_id AND q.office_id = w.office_id AND q.left_at IS NULL
        AND (q.number = 1 OR q.named_at IS NOT NULL
          OR q.overlap_id IS NULL AND h.requester_office_id = public.current_office()
          OR public.rung_of(q.overlap_id) >= 2))))
  THEN
    RAISE EXCEPTION 'ck_handling_parties_walls: a wall keeps a party from the case'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_handling_parties_walls';
  END IF;
  RETURN NULL;
END
$function$
"""


def upgrade() -> None:
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    op.execute('SET LOCAL ROLE joinder_ladder')
    op.execute(KEEP_TO_WALLS)
    op.execute('SET LOCAL ROLE joinder_owner')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')


def downgrade() -> None:
    raise NotImplementedError('A refusal would tell which office hides behind a pointer.')
