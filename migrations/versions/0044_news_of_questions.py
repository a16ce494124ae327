"""news of requests for a contact and of advice; ends of machine clients; the mail domain of an office

What is added has defaults, so that the release before goes on. Machine clients that are there end
in two years; mail goes to the domain of the contact that an office has now.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0044"
down_revision: str | Sequence[str] | None = "0043"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FORCED = ('events', 'infusion_questions', 'offices', 'client_credentials')  # filled, or read by a key
SCHEMA = """
ALTER TABLE offices ADD COLUMN mail_domain VARCHAR NOT NULL DEFAULT '';
UPDATE offices SET mail_domain = lower(split_part(contact_email, '@', 2));
ALTER TABLE offices ADD CONSTRAINT ck_offices_mail_domain CHECK (mail_domain = lower(mail_domain));
ALTER TABLE client_credentials ADD COLUMN expires_on DATE NOT NULL DEFAULT current_date + 730;
ALTER TABLE lapse_notices DROP CONSTRAINT ck_lapse_notices_what,
  ADD CONSTRAINT ck_lapse_notices_what CHECK (
    what IN ('case', 'grant', 'participation', 'commitment', 'handling', 'credential'));
ALTER TABLE events ADD COLUMN question_id UUID,
  ADD CONSTRAINT fk_events_question_id FOREIGN KEY (question_id) REFERENCES infusion_questions (id) ON DELETE CASCADE,
  DROP CONSTRAINT ck_events_about,
  ADD CONSTRAINT ck_events_about CHECK (num_nonnulls(overlap_id, case_id, request_id, question_id) = 1
    OR num_nonnulls(overlap_id, case_id, request_id, question_id) = 0
      AND split_part(type, '.', 1) IN ('participation', 'commitment', 'handling', 'credential', 'alarm'));
CREATE INDEX ix_events_question_id ON events (question_id) WHERE question_id IS NOT NULL;
CREATE POLICY app_of_questions ON events AS RESTRICTIVE FOR SELECT TO joinder_app
  USING (question_id IS NULL
    OR (SELECT true FROM infusion_questions q WHERE q.id = events.question_id));
ALTER POLICY app_by_role ON events USING (
  CASE WHEN type = 'alarm.raised'
    THEN (SELECT current_roles() && ARRAY['leadership', 'administrator', 'auditor'])
    ELSE (SELECT NOT current_roles() <@ ARRAY['administrator', 'auditor'])
      OR split_part(type, '.', 1) IN ('participation', 'commitment', 'credential')
  END)
"""

# With the rights of the ladder, because a step of one side is news to the other
FUNCTIONS = {
    'tell_of_contact': """
  INSERT INTO public.events (office_id, type, overlap_id)
  SELECT told.office_id,
    CASE WHEN TG_OP = 'INSERT' THEN 'contact.requested'
         WHEN NEW.status IN ('accepted', 'declined') THEN 'contact.answered'
         ELSE 'contact.ended' END, NEW.overlap_id
  FROM (VALUES (NEW.responder_office_id, ARRAY['pending', 'withdrawn', 'expired']),
               (NEW.requester_office_id, ARRAY['accepted', 'declined', 'expired']))
    AS told (office_id, of)
  WHERE NEW.status = ANY (told.of);
""",
    'tell_of_question': """
  INSERT INTO public.events (office_id, type, question_id)
  SELECT told.office_id,
    CASE WHEN TG_OP = 'INSERT' THEN 'advice.asked'
         WHEN NEW.status = 'answered' THEN 'advice.answered'
         ELSE 'advice.updated' END, NEW.id
  FROM (VALUES (NEW.desk_office_id, ARRAY['open', 'used', 'not_used', 'withdrawn', 'expired']),
               (NEW.office_id, ARRAY['taken', 'answered', 'expired']))
    AS told (office_id, of)
  WHERE NEW.status = ANY (told.of);
""",
}

TRIGGERS = """
CREATE TRIGGER news AFTER INSERT ON contact_requests
  FOR EACH ROW EXECUTE FUNCTION tell_of_contact();
CREATE TRIGGER news_of_step AFTER UPDATE OF status ON contact_requests
  FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION tell_of_contact();
CREATE TRIGGER news AFTER INSERT ON infusion_questions
  FOR EACH ROW EXECUTE FUNCTION tell_of_question();
CREATE TRIGGER news_of_step AFTER UPDATE OF status ON infusion_questions
  FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION tell_of_question()
"""

# whoever may change a contact cannot so change where mail goes
KEEP_DOMAIN = """
CREATE FUNCTION keep_domain() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF lower(split_part(NEW.address, '@', 2)) IS DISTINCT FROM (
    SELECT o.mail_domain FROM public.offices o WHERE o.id = NEW.office_id) THEN
    RAISE EXCEPTION 'mail goes to the domain of the office' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END
$function$
"""


def upgrade() -> None:
    for table in FORCED:
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
    for statement in SCHEMA.strip().split(';\n'):
        op.execute(statement)
    for table in FORCED:
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
    op.execute(KEEP_DOMAIN)
    op.execute(
        'CREATE TRIGGER keep_domain BEFORE INSERT OR UPDATE OF address ON notice_settings'
        ' FOR EACH ROW WHEN (NEW.address IS NOT NULL) EXECUTE FUNCTION keep_domain()'
    )
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    for name, body in FUNCTIONS.items():
        op.execute(
            f'CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER'
            f' SET search_path = pg_catalog, pg_temp\nAS $function$\nBEGIN{body}'
            '  RETURN NULL;\nEND\n$function$'
        )
    for statement in TRIGGERS.strip().split(';\n'):
        op.execute(statement)
    for name in FUNCTIONS:
        op.execute(f'ALTER FUNCTION {name}() OWNER TO joinder_ladder')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')


def downgrade() -> None:
    raise NotImplementedError('Machine clients would then never end again.')
