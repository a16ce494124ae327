"""news of requests and matters in the feed, reviews that are due, silence that a law takes as consent

Events of a request are written by the database with the step itself. What silence means is switched
on for a state by the operator; nothing is switched on here.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0035"
down_revision: str | Sequence[str] | None = "0034"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SCHEMA = """
ALTER TABLE state_settings ADD COLUMN has_deemed_consent BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE handling_requests ADD COLUMN deemed_at TIMESTAMP WITH TIME ZONE,
  DROP CONSTRAINT ck_handling_requests_agreed,
  ADD CONSTRAINT ck_handling_requests_agreed CHECK (status NOT IN ('active', 'extended', 'concluded')
    OR agreed_number IS NOT NULL OR kind IN ('consult', 'information')
    OR status = 'concluded' AND deemed_at IS NOT NULL),
  ADD CONSTRAINT ck_handling_requests_deemed CHECK (deemed_at IS NULL OR agreed_number IS NULL);
ALTER TABLE matters ADD COLUMN reminded_on DATE;
ALTER TABLE events ADD COLUMN request_id UUID,
  ADD CONSTRAINT fk_events_request_id FOREIGN KEY (request_id) REFERENCES handling_requests (id) ON DELETE CASCADE,
  DROP CONSTRAINT ck_events_about,
  ADD CONSTRAINT ck_events_about CHECK (num_nonnulls(overlap_id, case_id, request_id) = 1
    OR num_nonnulls(overlap_id, case_id, request_id) = 0
      AND split_part(type, '.', 1) IN ('grant', 'participation', 'commitment', 'handling'));
CREATE INDEX ix_events_request_id ON events (request_id) WHERE request_id IS NOT NULL
"""
READ = ('events', 'handling_requests')  # by the foreign key

FUNCTIONS = {
    'tell_of_step': """
  INSERT INTO public.events (office_id, type, request_id)
  SELECT p.office_id,
    CASE WHEN NEW.ended_at IS NOT NULL THEN 'handling.ended'
         WHEN OLD.sent_at IS NULL AND NEW.sent_at IS NOT NULL AND p.number > 1
           THEN 'handling.requested'
         ELSE 'handling.updated' END, NEW.id
  FROM public.handling_parties p
  WHERE p.request_id = NEW.id AND p.left_at IS NULL AND (NEW.sent_at IS NOT NULL OR p.number = 1);
""",
    'tell_who_is_asked': """
  INSERT INTO public.events (office_id, type, request_id)
  SELECT NEW.office_id, 'handling.requested', NEW.request_id
  FROM public.handling_requests h WHERE h.id = NEW.request_id AND h.sent_at IS NOT NULL;
""",
    'tell_of_lead': """
  INSERT INTO public.events (office_id, type, request_id)
  SELECT p.office_id,
    CASE WHEN NEW.accepted_at IS NULL THEN 'matter.lead_offered' ELSE 'matter.lead_passed' END,
    NEW.request_id
  FROM public.handling_parties p
  WHERE p.request_id = NEW.request_id AND p.left_at IS NULL
    AND (p.first_terms = 0 OR p.joined_at IS NOT NULL);
""",
}

TRIGGERS = """
CREATE TRIGGER news AFTER UPDATE OF version ON handling_requests
  FOR EACH ROW WHEN (OLD.version <> NEW.version) EXECUTE FUNCTION tell_of_step();
CREATE TRIGGER news AFTER INSERT ON handling_parties
  FOR EACH ROW WHEN (NEW.number > 1) EXECUTE FUNCTION tell_who_is_asked();
CREATE TRIGGER news_of_offer AFTER INSERT ON matter_leads
  FOR EACH ROW WHEN (NEW.from_office_id IS NOT NULL) EXECUTE FUNCTION tell_of_lead();
CREATE TRIGGER news_of_lead AFTER UPDATE OF accepted_at ON matter_leads
  FOR EACH ROW WHEN (OLD.accepted_at IS NULL AND NEW.accepted_at IS NOT NULL)
  EXECUTE FUNCTION tell_of_lead()
"""

RIGHTS = {
    'handling_requests': [('UPDATE (deemed_at, answered_at)', None)],
    'handling_terms': [('SELECT (request_id, number, terms)', 'true')],
    'matters': [
        ('SELECT (request_id, began_on, ended_at, reminded_on)', 'true'),
        ('UPDATE (reminded_on)', 'true'),
    ],
}
"""What the nightly run needs."""


def upgrade() -> None:
    for table in READ:
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
    for statement in SCHEMA.strip().split(';\n'):
        op.execute(statement)
    for table in READ:
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
    # beside what else an event needs to be shown
    op.execute(
        'CREATE POLICY app_of_requests ON events AS RESTRICTIVE FOR SELECT TO joinder_app'
        ' USING (request_id IS NULL OR is_party(request_id))'
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
    for table, rights in RIGHTS.items():
        for privilege, rows in rights:
            op.execute(f'GRANT {privilege} ON {table} TO joinder_jobs')
            if rows:
                action = privilege.split()[0]
                op.execute(
                    f'CREATE POLICY jobs_{action.lower()} ON {table} FOR {action}'
                    f' TO joinder_jobs USING ({rows})'
                )


def downgrade() -> None:
    raise NotImplementedError('Consent that was deemed cannot be told in the schema before.')
