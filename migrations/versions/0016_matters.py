"""matters: requests with a published machine, signed agreements, leads, teams, the origin ledger

What was asked before stays: a declined request as it was; a pending or accepted one becomes a
request for joint handling with terms to settle, because no leadership had signed it.
"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import ALL, OFFICE, OF_OWN_CASE, OWN, guard

revision: str = '0016'
down_revision: str | Sequence[str] | None = '0015'
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PARTY = 'is_party(request_id)'

SCHEMA = """
CREATE TABLE handling_requests (
  id UUID NOT NULL,
  kind VARCHAR NOT NULL,
  status VARCHAR NOT NULL,
  requester_office_id BIGINT NOT NULL,
  requested_by VARCHAR NOT NULL,
  on_silence VARCHAR NOT NULL,
  answer_days SMALLINT NOT NULL,
  terms_number SMALLINT NOT NULL,
  agreed_number SMALLINT,
  decline_reason VARCHAR,
  explanation VARCHAR,
  end_reason VARCHAR,
  version INTEGER NOT NULL,
  requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
  sent_at TIMESTAMP WITH TIME ZONE,
  answered_at TIMESTAMP WITH TIME ZONE,
  due_at TIMESTAMP WITH TIME ZONE NOT NULL,
  escalated_at TIMESTAMP WITH TIME ZONE,
  ended_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_handling_requests PRIMARY KEY (id),
  CONSTRAINT ck_handling_requests_kind CHECK (kind IN ('consult', 'information', 'co_counsel', 'cross_designation', 'lead_transfer', 'conflict_referral', 'joint_handling', 'expertise_infusion')),
  CONSTRAINT ck_handling_requests_status CHECK (status IN ('draft', 'awaiting_own_leadership', 'sent', 'countered', 'accepted', 'awaiting_their_leadership', 'active', 'extended', 'concluded', 'declined', 'withdrawn', 'expired', 'escalated')),
  CONSTRAINT ck_handling_requests_on_silence CHECK (on_silence IN ('none', 'escalate')),
  CONSTRAINT ck_handling_requests_decline_reason CHECK ((status = 'declined') = (decline_reason IS NOT NULL)),
  CONSTRAINT ck_handling_requests_end_reason CHECK ((status = 'concluded') = (end_reason IS NOT NULL)),
  CONSTRAINT ck_handling_requests_ended_at CHECK ((status IN ('concluded', 'declined', 'withdrawn', 'expired')) = (ended_at IS NOT NULL)),
  CONSTRAINT ck_handling_requests_agreed_number CHECK (agreed_number BETWEEN 1 AND terms_number),
  CONSTRAINT ck_handling_requests_terms_number CHECK (terms_number BETWEEN 0 AND 20),
  CONSTRAINT ck_handling_requests_agreed CHECK (status NOT IN ('active', 'extended', 'concluded') OR agreed_number IS NOT NULL OR kind IN ('consult', 'information')),
  CONSTRAINT ck_handling_requests_answer_days CHECK (answer_days BETWEEN 1 AND 90),
  CONSTRAINT fk_handling_requests_requester_office_id FOREIGN KEY(requester_office_id) REFERENCES offices (id)
);
CREATE INDEX ix_handling_requests_due_at ON handling_requests (due_at) WHERE ended_at IS NULL;
CREATE TABLE handling_parties (
  request_id UUID NOT NULL,
  number SMALLINT NOT NULL,
  office_id BIGINT NOT NULL,
  overlap_id UUID,
  case_id BIGINT,
  requester_case_id BIGINT,
  open_as VARCHAR,
  accepted_terms SMALLINT,
  named_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_handling_parties PRIMARY KEY (request_id, number),
  CONSTRAINT ck_handling_parties_number CHECK (number BETWEEN 1 AND 9),
  CONSTRAINT ck_handling_parties_overlap CHECK ((overlap_id IS NULL) = (case_id IS NULL) AND (overlap_id IS NULL) = (requester_case_id IS NULL)),
  CONSTRAINT ck_handling_parties_requester CHECK (number > 1 OR overlap_id IS NULL),
  CONSTRAINT fk_handling_parties_request_id FOREIGN KEY(request_id) REFERENCES handling_requests (id) ON DELETE CASCADE,
  CONSTRAINT fk_handling_parties_office_id FOREIGN KEY(office_id) REFERENCES offices (id),
  CONSTRAINT fk_handling_parties_overlap_id FOREIGN KEY(overlap_id) REFERENCES "overlaps" (id) ON DELETE CASCADE
);
CREATE INDEX ix_handling_parties_office_id_request_id ON handling_parties (office_id, request_id);
CREATE UNIQUE INDEX uq_handling_parties_office ON handling_parties (request_id, office_id);
CREATE UNIQUE INDEX uq_handling_parties_open ON handling_parties (overlap_id, open_as);
CREATE TABLE handling_terms (
  request_id UUID NOT NULL,
  number SMALLINT NOT NULL,
  office_id BIGINT NOT NULL,
  proposed_by VARCHAR NOT NULL,
  proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  terms JSONB NOT NULL,
  CONSTRAINT pk_handling_terms PRIMARY KEY (request_id, number),
  CONSTRAINT ck_handling_terms_number CHECK (number BETWEEN 1 AND 20),
  CONSTRAINT fk_handling_terms_request_id FOREIGN KEY(request_id) REFERENCES handling_requests (id) ON DELETE CASCADE,
  CONSTRAINT fk_handling_terms_office_id FOREIGN KEY(office_id) REFERENCES offices (id)
);
CREATE TABLE handling_signatures (
  id UUID NOT NULL,
  request_id UUID NOT NULL,
  terms_number SMALLINT NOT NULL,
  purpose VARCHAR NOT NULL,
  office_id BIGINT NOT NULL,
  person_id UUID NOT NULL,
  post VARCHAR NOT NULL,
  attestation VARCHAR NOT NULL,
  text VARCHAR NOT NULL,
  digest BYTEA NOT NULL,
  proved_at TIMESTAMP WITH TIME ZONE NOT NULL,
  signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_handling_signatures PRIMARY KEY (id),
  CONSTRAINT ck_handling_signatures_purpose CHECK (purpose IN ('send', 'agree')),
  CONSTRAINT ck_handling_signatures_digest CHECK (octet_length(digest) = 32),
  CONSTRAINT ck_handling_signatures_of_the_text CHECK (digest = sha256(convert_to(text, 'UTF8'))),
  CONSTRAINT ck_handling_signatures_step_up CHECK (proved_at > signed_at - interval '15 minutes'),
  CONSTRAINT fk_handling_signatures_request_id FOREIGN KEY(request_id) REFERENCES handling_requests (id) ON DELETE CASCADE,
  CONSTRAINT fk_handling_signatures_office_id FOREIGN KEY(office_id) REFERENCES offices (id),
  CONSTRAINT fk_handling_signatures_person_id FOREIGN KEY(person_id) REFERENCES persons (id)
);
CREATE UNIQUE INDEX uq_handling_signatures_office ON handling_signatures (request_id, terms_number, purpose, office_id);
CREATE TABLE handling_instruments (
  id UUID NOT NULL,
  request_id UUID NOT NULL,
  office_id BIGINT NOT NULL,
  authority VARCHAR NOT NULL,
  signatory VARCHAR NOT NULL,
  scope VARCHAR NOT NULL,
  dated_on DATE NOT NULL,
  document_digest BYTEA NOT NULL,
  recorded_by VARCHAR NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_handling_instruments PRIMARY KEY (id),
  CONSTRAINT ck_handling_instruments_scope CHECK (scope IN ('whole_matter', 'named_offences', 'advice_only')),
  CONSTRAINT ck_handling_instruments_document_digest CHECK (octet_length(document_digest) = 32),
  CONSTRAINT fk_handling_instruments_request_id FOREIGN KEY(request_id) REFERENCES handling_requests (id) ON DELETE CASCADE,
  CONSTRAINT fk_handling_instruments_office_id FOREIGN KEY(office_id) REFERENCES offices (id)
);
CREATE INDEX ix_handling_instruments_request_id ON handling_instruments (request_id);
ALTER TABLE case_grants ADD COLUMN request_id UUID;
CREATE INDEX ix_case_grants_request_id ON case_grants (request_id) WHERE request_id IS NOT NULL;
CREATE TABLE matters (
  request_id UUID NOT NULL,
  lead_office_id BIGINT NOT NULL,
  began_on DATE NOT NULL,
  agreed_on DATE NOT NULL,
  ends_on DATE NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_matters PRIMARY KEY (request_id),
  CONSTRAINT fk_matters_lead FOREIGN KEY(request_id, lead_office_id) REFERENCES handling_parties (request_id, office_id),
  CONSTRAINT ck_matters_ends_on CHECK (ends_on > agreed_on AND ends_on <= agreed_on + 730),
  CONSTRAINT ck_matters_agreed_on CHECK (began_on <= agreed_on),
  CONSTRAINT fk_matters_request_id FOREIGN KEY(request_id) REFERENCES handling_requests (id),
  CONSTRAINT fk_matters_lead_office_id FOREIGN KEY(lead_office_id) REFERENCES offices (id)
);
CREATE TABLE matter_leads (
  id UUID NOT NULL,
  request_id UUID NOT NULL,
  office_id BIGINT NOT NULL,
  from_office_id BIGINT,
  offered_by VARCHAR NOT NULL,
  offered_at TIMESTAMP WITH TIME ZONE NOT NULL,
  accepted_by VARCHAR,
  accepted_at TIMESTAMP WITH TIME ZONE,
  withdrawn_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_matter_leads PRIMARY KEY (id),
  CONSTRAINT ck_matter_leads_two_offices CHECK (office_id <> from_office_id),
  CONSTRAINT ck_matter_leads_accepted CHECK ((accepted_at IS NULL) = (accepted_by IS NULL)),
  CONSTRAINT ck_matter_leads_one_end CHECK (accepted_at IS NULL OR withdrawn_at IS NULL),
  CONSTRAINT fk_matter_leads_request_id FOREIGN KEY(request_id) REFERENCES matters (request_id),
  CONSTRAINT fk_matter_leads_office_id FOREIGN KEY(office_id) REFERENCES offices (id),
  CONSTRAINT fk_matter_leads_from_office_id FOREIGN KEY(from_office_id) REFERENCES offices (id)
);
CREATE UNIQUE INDEX uq_matter_leads_accepted ON matter_leads (request_id, accepted_at);
CREATE UNIQUE INDEX uq_matter_leads_offered ON matter_leads (request_id) WHERE accepted_at IS NULL AND withdrawn_at IS NULL;
CREATE TABLE matter_members (
  id UUID NOT NULL,
  request_id UUID NOT NULL,
  office_id BIGINT NOT NULL,
  name VARCHAR NOT NULL,
  post VARCHAR NOT NULL,
  joined_on DATE NOT NULL,
  left_on DATE,
  added_by VARCHAR NOT NULL,
  added_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_matter_members PRIMARY KEY (id),
  CONSTRAINT ck_matter_members_post CHECK (post IN ('prosecutor', 'supervisor', 'analyst', 'investigator', 'victim_advocate', 'paralegal')),
  CONSTRAINT ck_matter_members_period CHECK (left_on >= joined_on),
  CONSTRAINT fk_matter_members_request_id FOREIGN KEY(request_id) REFERENCES matters (request_id),
  CONSTRAINT fk_matter_members_office_id FOREIGN KEY(office_id) REFERENCES offices (id)
);
CREATE INDEX ix_matter_members_request_id ON matter_members (request_id);
CREATE TABLE matter_tasks (
  id UUID NOT NULL,
  request_id UUID NOT NULL,
  office_id BIGINT NOT NULL,
  kind VARCHAR NOT NULL,
  note VARCHAR,
  due_on DATE NOT NULL,
  made_by VARCHAR NOT NULL,
  made_at TIMESTAMP WITH TIME ZONE NOT NULL,
  done_by VARCHAR,
  done_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_matter_tasks PRIMARY KEY (id),
  CONSTRAINT ck_matter_tasks_kind CHECK (kind IN ('share_evidence', 'interview_plan', 'charging_decision', 'disclosure_review', 'victim_services', 'filing', 'hearing', 'review', 'other')),
  CONSTRAINT ck_matter_tasks_done CHECK ((done_at IS NULL) = (done_by IS NULL)),
  CONSTRAINT fk_matter_tasks_request_id FOREIGN KEY(request_id) REFERENCES matters (request_id),
  CONSTRAINT fk_matter_tasks_office_id FOREIGN KEY(office_id) REFERENCES offices (id)
);
CREATE INDEX ix_matter_tasks_request_id ON matter_tasks (request_id);
CREATE TABLE matter_notes (
  id UUID NOT NULL,
  request_id UUID NOT NULL,
  office_id BIGINT NOT NULL,
  kind VARCHAR NOT NULL,
  text VARCHAR NOT NULL,
  written_by VARCHAR NOT NULL,
  written_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_matter_notes PRIMARY KEY (id),
  CONSTRAINT ck_matter_notes_kind CHECK (kind IN ('decision', 'contact_made', 'evidence_shared', 'filing_made', 'hearing_held', 'disclosure_made', 'plan_changed')),
  CONSTRAINT ck_matter_notes_text CHECK (char_length(text) <= 500),
  CONSTRAINT fk_matter_notes_request_id FOREIGN KEY(request_id) REFERENCES matters (request_id),
  CONSTRAINT fk_matter_notes_office_id FOREIGN KEY(office_id) REFERENCES offices (id)
);
CREATE INDEX ix_matter_notes_request_id ON matter_notes (request_id);
CREATE TABLE origin_entries (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  office_id BIGINT NOT NULL,
  from_office_id BIGINT NOT NULL,
  what VARCHAR NOT NULL,
  rung SMALLINT,
  overlap_id UUID,
  request_id UUID,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_origin_entries PRIMARY KEY (id),
  CONSTRAINT ck_origin_entries_what CHECK (what IN ('contact', 'summary', 'record', 'request', 'answer', 'agreement', 'lead', 'end')),
  CONSTRAINT fk_origin_entries_office_id FOREIGN KEY(office_id) REFERENCES offices (id),
  CONSTRAINT fk_origin_entries_from_office_id FOREIGN KEY(from_office_id) REFERENCES offices (id)
);
CREATE INDEX ix_origin_entries_office_id_id ON origin_entries (office_id, id);
CREATE INDEX ix_origin_entries_overlap_id ON origin_entries (overlap_id);
CREATE INDEX ix_origin_entries_request_id ON origin_entries (request_id)
"""

# The same pairs as app/handling/machine.py; tests/handling/test_machine.py compares them.
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

# With the rights of the ladder, which is what a policy on the parties may ask about the parties.
FUNCTIONS = {
    'is_party(uuid)': """
CREATE FUNCTION is_party(of_request uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER COST 1000 SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN EXISTS (
    SELECT FROM public.handling_parties p JOIN public.handling_requests h ON h.id = p.request_id
    WHERE p.request_id = of_request AND p.office_id = public.current_office()
      AND (h.sent_at IS NOT NULL OR p.number = 1))
  AND NOT EXISTS (
    SELECT FROM public.handling_parties p
    JOIN public.case_walls w ON w.case_id IN (p.case_id, p.requester_case_id)
    WHERE p.request_id = of_request AND w.lifted_at IS NULL
      AND (w.office_id = public.current_office() OR w.person_id = public.current_person()))
  AND (
    SELECT bool_or(p.office_id = public.current_office())
       AND bool_or(p.office_id <> public.current_office())
    FROM public.handling_parties p
    JOIN public.participation_agreements a ON a.office_id = p.office_id
     AND a.effective_on <= public.current_day()
     AND (a.ends_on IS NULL OR a.ends_on > public.current_day())
    WHERE p.request_id = of_request) IS TRUE;
END
$function$
""",
    'is_asking(uuid)': """
CREATE FUNCTION is_asking(of_request uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER COST 1000 SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN EXISTS (SELECT FROM public.handling_requests h
                 WHERE h.id = of_request AND h.requester_office_id = public.current_office()
                   AND h.version = 1);
END
$function$
""",
    'keep_to_the_machine()': f"""
CREATE FUNCTION keep_to_the_machine() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF OLD.status || '>' || NEW.status <> ALL (string_to_array('{MOVES}', ' ')) THEN
    RAISE EXCEPTION 'no step leads from % to %', OLD.status, NEW.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_handling_requests_machine';
  END IF;
  IF NEW.status IN ('active', 'extended') AND EXISTS (
    SELECT FROM public.handling_parties p
    WHERE p.request_id = NEW.id AND NOT EXISTS (
      SELECT FROM public.handling_signatures s
      WHERE s.request_id = NEW.id AND s.terms_number = NEW.agreed_number
        AND s.purpose = 'agree' AND s.office_id = p.office_id)) THEN
    RAISE EXCEPTION 'not all have signed'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_handling_requests_signed';
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
    FROM public.handling_parties p WHERE p.request_id = NEW.id AND NEW.sent_at IS NOT NULL;
    -- what a request shows ends with it; another one has grants of its own
    UPDATE public.case_grants SET revoked_at = NEW.ended_at
    WHERE request_id = NEW.id AND revoked_at IS NULL;
  END IF;
  RETURN NULL;
END
$function$
""",
    'note_origin()': """
CREATE FUNCTION note_origin() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF NEW.approval <> 'pending' THEN
    INSERT INTO public.origin_entries (office_id, from_office_id, what, rung, overlap_id, at)
    SELECT NEW.grantee_office_id, c.office_id,
           CASE NEW.rung WHEN 4 THEN 'record' WHEN 3 THEN 'summary' ELSE 'contact' END,
           NEW.rung, NEW.overlap_id, CASE TG_OP WHEN 'INSERT' THEN NEW.granted_at ELSE now() END
    FROM public.cases c WHERE c.id = NEW.case_id;
  END IF;
  RETURN NULL;
END
$function$
""",
    'keep_origin()': """
CREATE FUNCTION keep_origin() RETURNS trigger
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RAISE EXCEPTION 'the origin of a lead is kept'
    USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ck_origin_entries_kept';
END
$function$
""",
}

TRIGGERS = """
CREATE TRIGGER machine AFTER UPDATE OF status ON handling_requests
  FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION keep_to_the_machine();
CREATE TRIGGER origin AFTER INSERT OR UPDATE OF approval ON case_grants
  FOR EACH ROW EXECUTE FUNCTION note_origin();
CREATE TRIGGER kept BEFORE DELETE OR UPDATE ON origin_entries
  FOR EACH ROW EXECUTE FUNCTION keep_origin();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON origin_entries
  FOR EACH STATEMENT EXECUTE FUNCTION keep_origin();
"""

# who asks names parties of overlaps that it is shown, or an office by its code
NAMED = """is_asking(request_id) AND (overlap_id IS NULL OR (SELECT true FROM shown_overlaps v
  WHERE v.id = handling_parties.overlap_id AND v.case_id = requester_case_id
    AND v.other_case_id = handling_parties.case_id
    AND v.other_office_id = handling_parties.office_id))"""
# who accepts sees the asking office's contact (rung 2) in that overlap, and the summary (rung 3)
# when unit heads of the asking office have approved
ACCEPTED = f"""grantee_office_id = {OFFICE} AND (rung <= 2 OR rung = 3 AND approval = 'pending') AND (
  SELECT true FROM handling_parties p
  WHERE p.{OWN} AND p.accepted_terms IS NOT NULL AND p.requester_case_id = case_grants.case_id
    AND p.overlap_id = case_grants.overlap_id AND p.request_id = case_grants.request_id)"""
BROKEN = f"""grantee_office_id = {OFFICE} AND person_id = (SELECT current_person()) AND rung <= 3 AND (
  SELECT true FROM glass_breaks b
  WHERE b.{OWN} AND b.owner_case_id = case_grants.case_id AND b.overlap_id = case_grants.overlap_id
    AND b.expires_at = case_grants.expires_at LIMIT 1)"""

MOVED = (
    'status, agreed_number, terms_number, version, sent_at, answered_at, due_at, ended_at, '
    'decline_reason, explanation, end_reason'
)
SIGNED = f"""{PARTY} AND (SELECT true FROM handling_requests h
  WHERE h.id = request_id AND h.status IN ('active', 'extended'))"""

# table -> (role, privilege, rows that it reaches or, for INSERT, may make[, rows it may leave])
TABLES = {
    'handling_requests': [
        ('app', 'SELECT', 'is_party(id)'),
        ('app', 'INSERT', f'requester_office_id = {OFFICE}'),
        ('app', f'UPDATE ({MOVED})', 'is_party(id)', ALL),
        ('ladder', 'SELECT (id, sent_at, requester_office_id, version)', ALL),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'UPDATE (status, version, due_at, escalated_at, ended_at)', ALL, ALL),
        ('jobs', 'DELETE', 'ended_at IS NOT NULL AND agreed_number IS NULL'),
    ],
    'handling_parties': [
        ('app', 'SELECT', PARTY),
        ('app', 'INSERT', NAMED),
        ('app', 'UPDATE (accepted_terms, named_at)', OWN, OWN),
        ('ladder', 'SELECT', ALL),
        ('ladder', 'UPDATE (open_as)', ALL, ALL),
        ('jobs', 'SELECT (request_id, number, office_id, case_id, requester_case_id, '
                 'accepted_terms)', ALL),
    ],
    **{
        table: [('app', 'SELECT', PARTY), ('app', 'INSERT', f'{OWN} AND {PARTY}')]
        for table in ('handling_terms', 'handling_instruments', 'matter_notes')
    },
    'handling_signatures': [
        ('app', 'SELECT', PARTY),
        ('app', 'INSERT', f'{OWN} AND {PARTY}'),
        ('ladder', 'SELECT (request_id, terms_number, purpose, office_id)', ALL),
    ],
    'matters': [
        ('app', 'SELECT', PARTY),
        ('app', 'INSERT', SIGNED),
        ('app', 'UPDATE (lead_office_id, agreed_on, ends_on)', PARTY, ALL),
        ('ladder', 'SELECT (request_id)', ALL),
        ('ladder', 'UPDATE (ended_at)', ALL, ALL),
    ],
    'matter_leads': [
        ('app', 'SELECT', PARTY),
        ('app', 'INSERT', PARTY),
        ('app', 'UPDATE (accepted_at, accepted_by, withdrawn_at)', PARTY, ALL),
    ],
    'matter_members': [
        ('app', 'SELECT', PARTY),
        ('app', 'INSERT', f'{OWN} AND {PARTY}'),
        ('app', 'UPDATE (left_on)', OWN, OWN),
    ],
    'matter_tasks': [
        ('app', 'SELECT', PARTY),
        ('app', 'INSERT', PARTY),
        ('app', 'UPDATE (done_at, done_by)', f'{OWN} AND {PARTY}', OWN),
    ],
    'origin_entries': [
        ('app', 'SELECT', OWN),
        ('app', 'INSERT', PARTY),
        ('ladder', 'INSERT', ALL),
    ],
}
OLD = ('matters', 'handling_requests')

# terms that nobody has signed: the lead that was proposed, and the mildest of each rule
_TERMS = """jsonb_build_object('purpose', 'prosecute_jointly', 'trafficking_type', 'both',
  'matter_kind', 'criminal', 'statutes', '[]'::jsonb,
  'lead', CASE proposed_lead WHEN 'requester' THEN 1 ELSE 2 END,
  'ends_on', (now() + interval '180 days')::date, 'evidence_rule', 'each_keeps_its_own',
  'disclosure_rule', 'each_discloses_its_own', 'victim_services_lead', NULL,
  'media', 'no_statements', 'review_every_days', 30, 'notice_days', 14)"""
CARRY = f"""
INSERT INTO handling_requests
SELECT id, 'joint_handling',
       CASE status WHEN 'pending' THEN 'sent' WHEN 'accepted' THEN 'awaiting_their_leadership'
                   ELSE status END,
       requester_office_id, requested_by, 'none', 90, 1, NULL, decline_reason, NULL, NULL,
       version, requested_at, requested_at, answered_at, now() + interval '90 days', NULL,
       CASE status WHEN 'declined' THEN answered_at END
FROM old_requests;
INSERT INTO handling_parties
SELECT id, 1, requester_office_id, NULL, NULL, NULL, NULL, 1, requested_at FROM old_requests;
INSERT INTO handling_parties
SELECT id, 2, responder_office_id, overlap_id, responder_case_id, requester_case_id,
       CASE WHEN status <> 'declined' THEN 'agreement' END,
       CASE WHEN status = 'accepted' THEN 1 END, answered_at
FROM old_requests;
INSERT INTO handling_terms
SELECT id, 1, requester_office_id, requested_by, requested_at, {_TERMS} FROM old_requests;
UPDATE case_grants g SET request_id = r.id FROM old_requests r
WHERE r.status <> 'declined' AND g.overlap_id = r.overlap_id
  AND g.purpose IN ('handling_requested', 'handling_accepted') AND g.revoked_at IS NULL
"""


def upgrade() -> None:
    for table in (*OLD, 'case_grants'):
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
    op.execute('CREATE TEMP TABLE old_requests ON COMMIT DROP AS SELECT * FROM handling_requests')
    op.execute('DROP POLICY app_insert ON case_grants')
    for table in OLD:
        op.execute(f'DROP TABLE {table}')
    for statement in SCHEMA.strip().split(';\n'):
        op.execute(statement)
    for statement in CARRY.strip().split(';\n'):
        op.execute(statement)
    op.execute(
        f'CREATE POLICY app_insert ON case_grants FOR INSERT TO joinder_app'
        f' WITH CHECK ({OF_OWN_CASE} OR {ACCEPTED} OR {BROKEN})'
    )
    op.execute('ALTER TABLE case_grants FORCE ROW LEVEL SECURITY')
    op.execute('GRANT UPDATE (revoked_at) ON case_grants TO joinder_ladder')
    op.execute('CREATE POLICY ladder_update ON case_grants FOR UPDATE TO joinder_ladder USING (true)')
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    for name, function in FUNCTIONS.items():
        op.execute(function)
    op.execute('GRANT EXECUTE ON FUNCTION is_party(uuid), is_asking(uuid) TO joinder_app')
    for statement in TRIGGERS.strip().split(';\n'):
        op.execute(statement)
    for name in FUNCTIONS:
        op.execute(f'ALTER FUNCTION {name} OWNER TO joinder_ladder')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')
    for table, rules in TABLES.items():
        guard(table, rules)


def downgrade() -> None:
    raise NotImplementedError('What was signed since cannot be told in the schema before.')
