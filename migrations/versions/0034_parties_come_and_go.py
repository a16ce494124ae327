"""parties of an agreement in force join and leave: signed by all, or after notice

A version of the terms may name an office that joins or one that leaves. Who joins is told when all
others have signed, and is a party from its own signature on. Who left reads what there was until
then. The lead stays, two parties stay, and no other lead is signed than leads.
"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import OWN

revision: str = "0034"
down_revision: str | Sequence[str] | None = "0033"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STILL_KNOWS = "knows(request_id, 'infinity')"
STILL_IN = "took_part(request_id, 'infinity')"

SCHEMA = """
ALTER TABLE handling_terms ADD COLUMN joins_office_id BIGINT, ADD COLUMN leaves_office_id BIGINT,
  ADD CONSTRAINT fk_handling_terms_joins_office_id FOREIGN KEY (joins_office_id) REFERENCES offices (id),
  ADD CONSTRAINT fk_handling_terms_leaves_office_id FOREIGN KEY (leaves_office_id) REFERENCES offices (id),
  ADD CONSTRAINT ck_handling_terms_parties CHECK (num_nonnulls(joins_office_id, leaves_office_id) <= 1);
ALTER TABLE handling_parties ADD COLUMN first_terms SMALLINT NOT NULL DEFAULT 0,
  ADD COLUMN joined_at TIMESTAMP WITH TIME ZONE, ADD COLUMN leaves_on DATE,
  ADD COLUMN left_at TIMESTAMP WITH TIME ZONE,
  ADD CONSTRAINT ck_handling_parties_joined CHECK (first_terms > 0 OR joined_at IS NULL);
CREATE INDEX ix_handling_parties_leaves_on ON handling_parties (leaves_on) WHERE left_at IS NULL
"""

# a party since it signed and until it left; who is asked to join is none yet
PRESENT = '(p.left_at IS NULL AND (p.first_terms = 0 OR p.joined_at IS NOT NULL))'


def function(name: str, returns: str, body: str, kind: str = 'VOLATILE') -> str:
    """Return SQL for a function with the rights of the ladder."""
    return (
        f'CREATE OR REPLACE FUNCTION {name} RETURNS {returns} LANGUAGE plpgsql {kind}'
        ' SECURITY DEFINER SET search_path = pg_catalog, pg_temp\n'
        f'AS $function$\n{body.strip()}\n$function$'
    )


def own_part(what: str) -> str:
    return f"""
BEGIN
  RETURN public.is_party(of_request) AND EXISTS (
    SELECT FROM public.handling_parties p
    WHERE p.request_id = of_request AND p.office_id = public.current_office() AND {what}
      AND (p.left_at IS NULL OR at_time <= p.left_at));
END
"""


STABLE = 'STABLE COST 1000'
BOTH = 'knows(uuid, timestamptz), took_part(uuid, timestamptz)'
NEW = {
    'knows(of_request uuid, at_time timestamptz)':
        ('boolean', own_part('true'), STABLE),
    'took_part(of_request uuid, at_time timestamptz)':
        ('boolean', own_part('(p.first_terms = 0 OR p.joined_at IS NOT NULL)'), STABLE),
    'tell_who_joins()': ('trigger', f"""
BEGIN
  INSERT INTO public.handling_parties (request_id, number, office_id, first_terms, named_at)
  SELECT NEW.request_id, (SELECT max(p.number) + 1 FROM public.handling_parties p
                          WHERE p.request_id = NEW.request_id),
         t.joins_office_id, t.number, NEW.signed_at
  FROM public.handling_terms t
  WHERE t.request_id = NEW.request_id AND t.number = NEW.terms_number
    AND t.joins_office_id IS NOT NULL AND NOT EXISTS (
      SELECT FROM public.handling_parties p
      WHERE p.request_id = NEW.request_id AND {PRESENT} AND NOT EXISTS (
        SELECT FROM public.handling_signatures s
        WHERE s.request_id = NEW.request_id AND s.terms_number = NEW.terms_number
          AND s.purpose = 'agree' AND s.office_id = p.office_id))
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END
""", ''),
    'forget_who_did_not_join()': ('trigger', """
BEGIN
  DELETE FROM public.handling_parties p
  WHERE p.request_id = NEW.id AND p.first_terms BETWEEN 1 AND NEW.terms_number - 1
    AND p.joined_at IS NULL;
  RETURN NULL;
END
""", ''),
    'change_parties()': ('trigger', """
DECLARE
  signed timestamptz;
BEGIN
  SELECT max(s.signed_at) INTO signed FROM public.handling_signatures s
  WHERE s.request_id = NEW.id AND s.terms_number = NEW.agreed_number AND s.purpose = 'agree';
  UPDATE public.handling_parties p SET joined_at = signed
  WHERE p.request_id = NEW.id AND p.first_terms = NEW.agreed_number AND p.joined_at IS NULL;
  UPDATE public.handling_parties p SET left_at = signed
  FROM public.handling_terms t
  WHERE t.request_id = NEW.id AND t.number = NEW.agreed_number AND p.request_id = NEW.id
    AND p.office_id = t.leaves_office_id AND p.left_at IS NULL;
  INSERT INTO public.origin_entries (office_id, from_office_id, what, request_id, at)
  SELECT a.office_id, b.office_id, 'agreement', NEW.id, signed
  FROM public.handling_parties a
  JOIN public.handling_parties b ON b.request_id = a.request_id AND b.number <> a.number
  WHERE a.request_id = NEW.id AND a.left_at IS NULL AND b.left_at IS NULL
    AND NEW.agreed_number IN (a.first_terms, b.first_terms);
  RETURN NULL;
END
""", ''),
    'leave_matter()': ('trigger', f"""
DECLARE
  lead bigint;
BEGIN
  SELECT m.lead_office_id INTO lead FROM public.matters m WHERE m.request_id = NEW.request_id;
  IF lead = NEW.office_id OR (
    SELECT count(*) FROM public.handling_parties p
    WHERE p.request_id = NEW.request_id AND {PRESENT}) < 2 THEN
    RAISE EXCEPTION 'the lead stays, and two parties'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_handling_parties_stays';
  END IF;
  UPDATE public.handling_parties p SET open_as = NULL
  WHERE p.request_id = NEW.request_id AND p.number = NEW.number;
  UPDATE public.matter_members m SET left_on = greatest(m.joined_on, NEW.left_at::date)
  WHERE m.request_id = NEW.request_id AND m.office_id = NEW.office_id
    AND (m.left_on IS NULL OR m.left_on > NEW.left_at::date);
  UPDATE public.matter_tasks t SET office_id = lead
  WHERE t.request_id = NEW.request_id AND t.office_id = NEW.office_id AND t.done_at IS NULL;
  UPDATE public.matter_leads l SET withdrawn_at = NEW.left_at
  WHERE l.request_id = NEW.request_id AND l.office_id = NEW.office_id
    AND l.accepted_at IS NULL AND l.withdrawn_at IS NULL;
  UPDATE public.case_grants g SET revoked_at = NEW.left_at
  WHERE g.request_id = NEW.request_id AND g.revoked_at IS NULL
    AND (g.grantee_office_id = NEW.office_id OR g.case_id = NEW.case_id
      OR NEW.number = 1 AND g.case_id IN (
        SELECT p.requester_case_id FROM public.handling_parties p
        WHERE p.request_id = NEW.request_id));
  INSERT INTO public.origin_entries (office_id, from_office_id, what, request_id, at)
  VALUES (NEW.office_id, lead, 'end', NEW.request_id, NEW.left_at);
  RETURN NULL;
END
""", ''),
    'keep_lead_to_a_party()': ('trigger', f"""
BEGIN
  IF NOT EXISTS (
    SELECT FROM public.handling_parties p
    WHERE p.request_id = NEW.request_id AND p.office_id = NEW.lead_office_id AND {PRESENT}
      AND p.leaves_on IS NULL) THEN
    RAISE EXCEPTION 'who leaves does not lead'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_matters_lead';
  END IF;
  RETURN NULL;
END
""", ''),
}
# as they were in 0016 and 0018, but for parties that come and go
CHANGED = {
    'keep_to_what_all_signed()': f"""
BEGIN
  IF NEW.agreed_number IS NULL OR EXISTS (
    SELECT FROM public.handling_parties p
    WHERE p.request_id = NEW.id AND ({PRESENT} OR p.first_terms = NEW.agreed_number)
      AND NOT EXISTS (
        SELECT FROM public.handling_signatures s
        WHERE s.request_id = NEW.id AND s.terms_number = NEW.agreed_number
          AND s.purpose = 'agree' AND s.office_id = p.office_id))
  OR EXISTS (
    SELECT FROM public.handling_terms t
    WHERE t.request_id = NEW.id AND t.number = NEW.agreed_number AND t.joins_office_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM public.handling_parties p
                      WHERE p.request_id = NEW.id AND p.office_id = t.joins_office_id)) THEN
    RAISE EXCEPTION 'not all have signed'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_handling_requests_signed';
  END IF;
  IF EXISTS (
    SELECT FROM public.matters m
    JOIN public.handling_terms t ON t.request_id = NEW.id AND t.number = NEW.agreed_number
    JOIN public.handling_parties p ON p.request_id = NEW.id AND p.number = (t.terms ->> 'lead')::int
    WHERE m.request_id = NEW.id AND m.lead_office_id <> p.office_id) THEN
    RAISE EXCEPTION 'another office leads than was signed'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_handling_requests_lead';
  END IF;
  RETURN NULL;
END
""",
    'keep_to_the_machine()': """
BEGIN
  IF OLD.status || '>' || NEW.status <> ALL (string_to_array('%MOVES%', ' ')) THEN
    RAISE EXCEPTION 'no step leads from % to %', OLD.status, NEW.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_handling_requests_machine';
  END IF;
  IF OLD.sent_at IS NULL AND NEW.sent_at IS NOT NULL THEN
    -- a draft hinders nobody: it would be told by its hindering
    UPDATE public.handling_parties SET open_as = 'agreement'
    WHERE request_id = NEW.id AND overlap_id IS NOT NULL;
  END IF;
  IF NEW.ended_at IS NOT NULL THEN
    UPDATE public.handling_parties SET open_as = NULL WHERE request_id = NEW.id;
    UPDATE public.matters SET ended_at = NEW.ended_at WHERE request_id = NEW.id;
    INSERT INTO public.origin_entries (office_id, from_office_id, what, request_id, at)
    SELECT p.office_id, coalesce(nullif(public.current_office(), 0), NEW.requester_office_id),
           'end', NEW.id, NEW.ended_at
    FROM public.handling_parties p
    WHERE p.request_id = NEW.id AND NEW.sent_at IS NOT NULL AND p.left_at IS NULL;
    -- what a request shows ends with it; another one has grants of its own
    UPDATE public.case_grants SET revoked_at = NEW.ended_at
    WHERE request_id = NEW.id AND revoked_at IS NULL;
  END IF;
  RETURN NULL;
END
""",
    'note_question()': """
BEGIN
  INSERT INTO public.origin_entries (office_id, from_office_id, what, request_id, at)
  SELECT NEW.office_id, h.requester_office_id, 'request', h.id,
         CASE NEW.first_terms WHEN 0 THEN h.sent_at ELSE NEW.named_at END
  FROM public.handling_requests h WHERE h.id = NEW.request_id AND h.sent_at IS NOT NULL;
  RETURN NULL;
END
""",
}
MOVES = (
    'draft>awaiting_own_leadership awaiting_own_leadership>draft awaiting_own_leadership>sent '
    'sent>countered escalated>countered sent>accepted escalated>accepted '
    'sent>awaiting_their_leadership countered>awaiting_their_leadership '
    'escalated>awaiting_their_leadership awaiting_their_leadership>active active>extended '
    'sent>escalated countered>escalated '
    'sent>declined countered>declined escalated>declined awaiting_their_leadership>declined '
    'draft>withdrawn awaiting_own_leadership>withdrawn sent>withdrawn countered>withdrawn '
    'escalated>withdrawn awaiting_their_leadership>withdrawn '
    'accepted>concluded active>concluded extended>concluded '
    'draft>expired awaiting_own_leadership>expired sent>expired countered>expired '
    'escalated>expired awaiting_their_leadership>expired accepted>expired active>expired '
    'extended>expired'
)

# `signed_parties` comes after `signed`, by name: what is not signed changes nothing
TRIGGERS = """
CREATE TRIGGER joining AFTER INSERT ON handling_signatures
  FOR EACH ROW WHEN (NEW.purpose = 'agree') EXECUTE FUNCTION tell_who_joins();
CREATE TRIGGER replaced AFTER UPDATE OF terms_number ON handling_requests
  FOR EACH ROW WHEN (OLD.terms_number <> NEW.terms_number)
  EXECUTE FUNCTION forget_who_did_not_join();
CREATE TRIGGER signed_parties AFTER UPDATE OF agreed_number ON handling_requests
  FOR EACH ROW WHEN (OLD.agreed_number IS NOT NULL AND OLD.agreed_number <> NEW.agreed_number)
  EXECUTE FUNCTION change_parties();
CREATE TRIGGER left_it AFTER UPDATE OF left_at ON handling_parties
  FOR EACH ROW WHEN (OLD.left_at IS NULL AND NEW.left_at IS NOT NULL)
  EXECUTE FUNCTION leave_matter();
CREATE TRIGGER lead AFTER UPDATE OF lead_office_id ON matters
  FOR EACH ROW EXECUTE FUNCTION keep_lead_to_a_party()
"""

# (table, action): rows that it reaches (None for INSERT), rows that it may make or leave
POLICIES = {
    ('handling_requests', 'update'): ("knows(id, 'infinity')", 'true'),
    ('handling_parties', 'select'):
        ("knows(request_id, CASE first_terms WHEN 0 THEN '-infinity' ELSE named_at END)", None),
    ('handling_terms', 'select'): ('knows(request_id, proposed_at)', None),
    ('handling_terms', 'insert'): (None, f'{OWN} AND {STILL_IN}'),
    ('handling_signatures', 'select'): ('knows(request_id, signed_at)', None),
    ('handling_signatures', 'insert'):
        (None, f'{OWN} AND person_id = (SELECT current_person()) AND {STILL_KNOWS}'),
    ('handling_instruments', 'select'): ('knows(request_id, recorded_at)', None),
    ('handling_instruments', 'insert'): (None, f'{OWN} AND {STILL_IN}'),
    ('matters', 'select'): ("took_part(request_id, '-infinity')", None),
    ('matter_leads', 'select'): ('took_part(request_id, offered_at)', None),
    ('matter_members', 'select'): ('took_part(request_id, added_at)', None),
    ('matter_members', 'insert'): (None, f'{OWN} AND {STILL_IN}'),
    ('matter_members', 'update'): (f'{OWN} AND {STILL_IN}', OWN),
    ('matter_tasks', 'select'): ('took_part(request_id, made_at)', None),
    ('matter_tasks', 'insert'): (None, f"""{STILL_IN} AND (SELECT true FROM handling_parties p
  WHERE p.request_id = matter_tasks.request_id AND p.office_id = matter_tasks.office_id
    AND {PRESENT})"""),
    ('matter_tasks', 'update'): (f'{OWN} AND {STILL_IN}', OWN),
    ('matter_notes', 'select'): ('took_part(request_id, written_at)', None),
    ('matter_notes', 'insert'): (None, f'{OWN} AND {STILL_IN}'),
}
# table -> (role, privilege, rows that it reaches or may make), besides those of 0016
RIGHTS = {
    'handling_parties': [
        ('app', 'UPDATE (leaves_on)', None),
        ('ladder', 'INSERT', 'true'),
        ('ladder', 'UPDATE (joined_at, left_at)', None),
        ('ladder', 'DELETE', 'true'),
        ('jobs', 'SELECT (first_terms, joined_at, leaves_on, left_at)', None),
        ('jobs', 'UPDATE (left_at)', 'true'),
    ],
    'handling_terms': [
        ('ladder', 'SELECT (request_id, number, terms, joins_office_id, leaves_office_id)', 'true'),
    ],
    'handling_signatures': [('ladder', 'SELECT (signed_at)', None)],
    'matters': [('ladder', 'SELECT (lead_office_id)', None)],
    'matter_members': [
        ('ladder', 'SELECT (request_id, office_id, joined_on, left_on)', 'true'),
        ('ladder', 'UPDATE (left_on)', 'true'),
    ],
    'matter_tasks': [
        ('ladder', 'SELECT (request_id, office_id, done_at)', 'true'),
        ('ladder', 'UPDATE (office_id)', 'true'),
    ],
    'matter_leads': [
        ('ladder', 'SELECT (request_id, office_id, accepted_at, withdrawn_at)', 'true'),
        ('ladder', 'UPDATE (withdrawn_at)', 'true'),
    ],
}


def upgrade() -> None:
    for table in ('handling_terms', 'offices'):  # a foreign key reads both
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
    for statement in SCHEMA.strip().split(';\n'):
        op.execute(statement)
    for table in ('handling_terms', 'offices'):
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    for name, (returns, body, kind) in NEW.items():
        op.execute(function(name, returns, body, kind))
    for statement in TRIGGERS.strip().split(';\n'):
        op.execute(statement)
    op.execute(f'GRANT EXECUTE ON FUNCTION {BOTH} TO joinder_app')
    for name in NEW:
        plain = name.replace('of_request ', '').replace('at_time ', '')
        op.execute(f'ALTER FUNCTION {plain} OWNER TO joinder_ladder')
    op.execute('SET LOCAL ROLE joinder_ladder')
    for name, body in CHANGED.items():
        op.execute(function(name, 'trigger', body.replace('%MOVES%', MOVES)))
    op.execute('SET LOCAL ROLE joinder_owner')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')
    for (table, action), (reached, left) in POLICIES.items():
        using = f' USING ({reached})' if reached else ''
        check = f' WITH CHECK ({left})' if left else ''
        op.execute(f'ALTER POLICY app_{action} ON {table}{using}{check}')
    op.execute("ALTER POLICY app_update ON matters USING (took_part(request_id, 'infinity'))")
    for table, rights in RIGHTS.items():
        for role, privilege, rows in rights:
            op.execute(f'GRANT {privilege} ON {table} TO joinder_{role}')
            if rows:
                action = privilege.split()[0]
                clause = 'WITH CHECK' if action == 'INSERT' else 'USING'
                op.execute(
                    f'CREATE POLICY {role}_{action.lower()} ON {table} FOR {action}'
                    f' TO joinder_{role} {clause} ({rows})'
                )


def downgrade() -> None:
    raise NotImplementedError('Who joined or left cannot be told in the schema before.')
