"""walls among parties: no office asks, accepts or signs beside one that its own wall keeps out

And when a case was declined, so that an edit of it afterwards loses no second look.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0046"
down_revision: str | Sequence[str] | None = "0045"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# each office's own walls only, and only parties that it is told of, so that no refusal tells of
# another's or who hides behind a pointer: a walled party that is not named never sees the request.
# Whoever leaves may always
KEEP_TO_WALLS = """
CREATE FUNCTION keep_to_walls() RETURNS trigger
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
# not when it is posted or changed again as declined, which decides nothing anew
NOTE_DECLINED = """
CREATE FUNCTION note_declined() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  NEW.declined_at := NEW.changed_at;
  IF TG_OP = 'UPDATE' AND OLD.record_class = 'declined' AND OLD.withdrawn_at IS NULL THEN
    NEW.declined_at := OLD.declined_at;
  END IF;
  RETURN NEW;
END
$function$
"""
TRIGGERS = (
    'CREATE TRIGGER walls AFTER INSERT OR UPDATE OF accepted_terms ON handling_parties'
    ' FOR EACH ROW EXECUTE FUNCTION keep_to_walls()',
    'CREATE TRIGGER walls AFTER INSERT ON handling_signatures'
    ' FOR EACH ROW EXECUTE FUNCTION keep_to_walls()',
    'CREATE TRIGGER declined BEFORE INSERT OR UPDATE ON cases'
    " FOR EACH ROW WHEN (NEW.record_class = 'declined') EXECUTE FUNCTION note_declined()",
)


def upgrade() -> None:
    # the owner sees every row while row security is not forced, which nobody else notices
    op.execute('ALTER TABLE cases NO FORCE ROW LEVEL SECURITY, ADD COLUMN declined_at TIMESTAMPTZ')
    op.execute("UPDATE cases SET declined_at = changed_at WHERE record_class = 'declined'")
    op.execute('ALTER TABLE cases FORCE ROW LEVEL SECURITY')
    op.execute(NOTE_DECLINED)
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    op.execute(KEEP_TO_WALLS)
    for trigger in TRIGGERS:
        op.execute(trigger)
    op.execute('ALTER FUNCTION keep_to_walls() OWNER TO joinder_ladder')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')


def downgrade() -> None:
    raise NotImplementedError('A party could then sign beside whom its own wall keeps out.')
