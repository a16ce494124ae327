"""who writes of a matter: each party for itself, and the ledger of origin nobody

What follows of a step is written by the ladder, in triggers: the ledger, and the lead that passes.
"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import OFFICE, OWN

revision: str = "0018"
down_revision: str | Sequence[str] | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PARTY = 'is_party(request_id)'

# a question is sent at once, an agreement is a draft; neither is agreed
BEGUN = f"""requester_office_id = {OFFICE} AND version = 1 AND agreed_number IS NULL
  AND CASE status WHEN 'draft' THEN sent_at IS NULL WHEN 'sent' THEN terms_number = 0 ELSE false END"""
# in force, and until the day that all have signed
AGREED = f"""{PARTY} AND (SELECT true FROM handling_requests h
  JOIN handling_terms t ON t.request_id = h.id AND t.number = h.agreed_number
  WHERE h.id = matters.request_id AND h.status IN ('active', 'extended')
    AND (t.terms ->> 'ends_on')::date = ends_on)"""
LED_AS_AGREED = """(SELECT true FROM handling_requests h
  JOIN handling_terms t ON t.request_id = h.id AND t.number = h.agreed_number
  JOIN handling_parties p ON p.request_id = h.id AND p.number = (t.terms ->> 'lead')::int
  WHERE h.id = matters.request_id AND p.office_id = lead_office_id)"""
LED_BY = '(SELECT m.lead_office_id FROM matters m WHERE m.request_id = matter_leads.request_id)'
SIGNER = f'{OWN} AND person_id = (SELECT current_person()) AND {PARTY}'
FOR_A_PARTY = f"""{PARTY} AND (SELECT true FROM handling_parties p
  WHERE p.request_id = matter_tasks.request_id AND p.office_id = matter_tasks.office_id)"""

# (table, action): rows that it reaches (None for INSERT), rows that it may make or leave
POLICIES = {
    ('handling_requests', 'insert'): (None, BEGUN),
    ('handling_signatures', 'insert'): (None, SIGNER),
    ('matters', 'insert'): (None, f'{AGREED} AND {LED_AS_AGREED}'),
    ('matters', 'update'): (PARTY, AGREED),
    # the lead offers; the one that the agreement names has it from the beginning
    ('matter_leads', 'insert'): (
        None,
        f'{PARTY} AND withdrawn_at IS NULL AND CASE WHEN from_office_id IS NULL'
        f' THEN accepted_at IS NOT NULL AND office_id = {LED_BY}'
        f' ELSE accepted_at IS NULL AND from_office_id = {OFFICE} AND from_office_id = {LED_BY} END',
    ),
    # who is offered it accepts while the other leads; who offers takes the offer back
    ('matter_leads', 'update'): (
        f'{PARTY} AND accepted_at IS NULL AND withdrawn_at IS NULL'
        f' AND {OFFICE} IN (office_id, from_office_id)',
        f'CASE WHEN accepted_at IS NULL THEN from_office_id = {OFFICE}'
        f' ELSE {OWN} AND from_office_id = {LED_BY} END',
    ),
    ('matter_tasks', 'insert'): (None, FOR_A_PARTY),
}

FUNCTIONS = {
    'keep_to_what_all_signed()': """
CREATE FUNCTION keep_to_what_all_signed() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF NEW.agreed_number IS NULL OR EXISTS (
    SELECT FROM public.handling_parties p
    WHERE p.request_id = NEW.id AND NOT EXISTS (
      SELECT FROM public.handling_signatures s
      WHERE s.request_id = NEW.id AND s.terms_number = NEW.agreed_number
        AND s.purpose = 'agree' AND s.office_id = p.office_id)) THEN
    RAISE EXCEPTION 'not all have signed'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_handling_requests_signed';
  END IF;
  RETURN NULL;
END
$function$
""",
    'note_request()': """
CREATE FUNCTION note_request() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO public.origin_entries (office_id, from_office_id, what, request_id, at)
  SELECT p.office_id, NEW.requester_office_id, 'request', NEW.id, NEW.sent_at
  FROM public.handling_parties p WHERE p.request_id = NEW.id AND p.number > 1;
  RETURN NULL;
END
$function$
""",
    'note_question()': """
CREATE FUNCTION note_question() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO public.origin_entries (office_id, from_office_id, what, request_id, at)
  SELECT NEW.office_id, h.requester_office_id, 'request', h.id, h.sent_at
  FROM public.handling_requests h WHERE h.id = NEW.request_id AND h.sent_at IS NOT NULL;
  RETURN NULL;
END
$function$
""",
    'note_answer()': """
CREATE FUNCTION note_answer() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO public.origin_entries (office_id, from_office_id, what, request_id, at)
  SELECT h.requester_office_id, NEW.office_id, 'answer', h.id, NEW.named_at
  FROM public.handling_requests h WHERE h.id = NEW.request_id;
  RETURN NULL;
END
$function$
""",
    'pass_lead()': """
CREATE FUNCTION pass_lead() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF NEW.from_office_id IS NULL THEN
    INSERT INTO public.origin_entries (office_id, from_office_id, what, request_id, at)
    SELECT p.office_id, q.office_id, 'agreement', NEW.request_id, NEW.accepted_at
    FROM public.handling_parties p
    JOIN public.handling_parties q ON q.request_id = p.request_id AND q.number <> p.number
    WHERE p.request_id = NEW.request_id;
  ELSE
    UPDATE public.matters SET lead_office_id = NEW.office_id WHERE request_id = NEW.request_id;
    INSERT INTO public.origin_entries (office_id, from_office_id, what, request_id, at)
    VALUES (NEW.office_id, NEW.from_office_id, 'lead', NEW.request_id, NEW.accepted_at);
  END IF;
  RETURN NULL;
END
$function$
""",
}

TRIGGERS = """
CREATE TRIGGER signed AFTER UPDATE OF agreed_number ON handling_requests
  FOR EACH ROW WHEN (OLD.agreed_number IS DISTINCT FROM NEW.agreed_number)
  EXECUTE FUNCTION keep_to_what_all_signed();
CREATE TRIGGER origin AFTER UPDATE OF sent_at ON handling_requests
  FOR EACH ROW WHEN (OLD.sent_at IS NULL AND NEW.sent_at IS NOT NULL)
  EXECUTE FUNCTION note_request();
CREATE TRIGGER origin AFTER INSERT ON handling_parties
  FOR EACH ROW WHEN (NEW.number > 1) EXECUTE FUNCTION note_question();
CREATE TRIGGER answered AFTER UPDATE OF accepted_terms ON handling_parties
  FOR EACH ROW WHEN (NEW.number > 1 AND OLD.accepted_terms IS NULL AND NEW.accepted_terms IS NOT NULL)
  EXECUTE FUNCTION note_answer();
CREATE TRIGGER passed AFTER INSERT OR UPDATE OF accepted_at ON matter_leads
  FOR EACH ROW WHEN (NEW.accepted_at IS NOT NULL) EXECUTE FUNCTION pass_lead();
"""

# what a request showed that was declined before 0016 ends now; every later one carries its request
DECLINED = """
WITH ended AS (
  UPDATE case_grants SET revoked_at = now()
  WHERE purpose IN ('handling_requested', 'handling_accepted')
    AND request_id IS NULL AND revoked_at IS NULL
  RETURNING case_id, grantee_office_id, rung)
INSERT INTO audit_entries (action, office_id, actor, object, recipients, detail, request_id)
SELECT 'case.grant_revoked', 0, 'migration', case_id::text, ARRAY[grantee_office_id],
       jsonb_build_object('rung', rung, 'reason', 'declined'), ''
FROM ended
"""


def upgrade() -> None:
    for table in ('case_grants', 'audit_entries'):
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
    op.execute(DECLINED)
    for table in ('case_grants', 'audit_entries'):
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
    op.execute('CREATE UNIQUE INDEX uq_matter_leads_first ON matter_leads (request_id)'
               ' WHERE from_office_id IS NULL')
    for (table, action), (reached, left) in POLICIES.items():
        using = f' USING ({reached})' if reached else ''
        op.execute(f'ALTER POLICY app_{action} ON {table}{using} WITH CHECK ({left})')
    op.execute('DROP POLICY app_insert ON origin_entries')
    op.execute('REVOKE INSERT ON origin_entries FROM joinder_app')
    op.execute('REVOKE UPDATE (lead_office_id) ON matters FROM joinder_app')
    op.execute('GRANT UPDATE (lead_office_id) ON matters TO joinder_ladder')
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    for name, function in FUNCTIONS.items():
        op.execute(function)
    for statement in TRIGGERS.strip().split(';\n'):
        op.execute(statement)
    for name in FUNCTIONS:
        op.execute(f'ALTER FUNCTION {name} OWNER TO joinder_ladder')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')


def downgrade() -> None:
    raise NotImplementedError('What a request showed that was declined is not shown again.')
