"""nobody for another: who acts writes in its own name and its role's; what is over shows no more"""

from collections.abc import Sequence

from alembic import op

revision: str = "0042"
down_revision: str | Sequence[str] | None = "0041"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OFFICE = '(SELECT current_office())'
PERSON = '(SELECT current_person())'
OWN = f'office_id = {OFFICE}'
ACTOR = "(SELECT 'person:' || current_person())"
ARRIVING = '(SELECT is_arriving())'
LEADS = "(SELECT 'leadership' = ANY (current_roles()))"
ADMINISTERS = "(SELECT 'administrator' = ANY (current_roles()))"
REVIEWS = "(SELECT current_roles() && ARRAY['leadership', 'auditor'])"
OF_OWN_CASE = f'(SELECT true FROM cases c WHERE c.id = case_id AND c.{OWN})'
OF_OWN_PERSON = f'(SELECT true FROM persons p WHERE p.id = person_id AND p.{OWN})'
ITSELF = f'person_id = {PERSON} AND {OF_OWN_PERSON}'
MANAGED = f'{ITSELF} OR {ADMINISTERS} AND {OF_OWN_PERSON}'

GIVEN = f"""{OF_OWN_CASE} AND (
  rung <= 2 AND approval = 'not_needed' OR approval = 'pending' AND granted_by = coalesce(
    (SELECT 'client:' || current_client()), {ACTOR}))"""
# as in 0037, while the request goes on and its party is one
ACCEPTED = f"""grantee_office_id = {OFFICE} AND (rung <= 2 OR rung = 3 AND approval = 'pending'
  AND granted_by = (SELECT h.requested_by FROM handling_requests h WHERE h.id = request_id)) AND (
  SELECT true FROM handling_parties p JOIN handling_requests h ON h.id = p.request_id
  WHERE p.{OWN} AND p.accepted_terms IS NOT NULL AND p.requester_case_id = case_grants.case_id
    AND p.overlap_id = case_grants.overlap_id AND p.request_id = case_grants.request_id
    AND p.left_at IS NULL AND h.ended_at IS NULL)"""
# and as long as the one who broke it said, who is the one that reads
BROKEN = f"""grantee_office_id = {OFFICE} AND person_id = {PERSON} AND rung <= 3 AND (
  SELECT true FROM glass_breaks b
  WHERE b.{OWN} AND b.owner_case_id = case_grants.case_id AND b.overlap_id = case_grants.overlap_id
    AND b.expires_at = case_grants.expires_at AND b.broken_by = {ACTOR} LIMIT 1)"""
BREAKING = f"""{OWN} AND broken_by = {ACTOR} AND broken_at < now() + interval '5 minutes'
  AND reviewed_by IS NULL AND (
  SELECT true FROM shown_overlaps v
  WHERE v.id = glass_breaks.overlap_id
    AND v.other_case_id = owner_case_id AND v.other_office_id = owner_office_id)"""
OF_STATE = f"""(SELECT true FROM state_settings s JOIN offices o ON o.state = s.state
  WHERE o.id = {OFFICE} AND s.mediator_office_id = mediations.mediator_office_id)"""
STEP = f"""CASE
  WHEN status IN ('accepted', 'declined') THEN requester_office_id <> {OFFICE}
  WHEN status IN ('draft', 'awaiting_own_leadership', 'withdrawn')
    THEN requester_office_id = {OFFICE}
  ELSE status <> 'expired' END"""

# (table, action): rows that it reaches (None: as before, or INSERT), rows that it may make or leave
POLICIES = {
    # without a condition an UPDATE reads nothing, so what may be read did not bound it
    ('"overlaps"', 'update'): ('is_shown(id)', None),
    ('case_grants', 'insert'): (None, f'{GIVEN} OR {ACCEPTED} OR {BROKEN}'),
    ('glass_breaks', 'insert'): (None, BREAKING),
    ('glass_breaks', 'update'): (None, f'reviewed_by = {ACTOR} AND {REVIEWS}'),
    ('summary_readings', 'insert'): (None, f'{OWN} AND asked_by = {ACTOR} AND read_by IS NULL'),
    ('summary_readings', 'update'): (None, f'{OWN} AND read_by = {ACTOR}'),
    ('handling_requests', 'update'): (None, STEP),
    ('feed_choices', 'insert'): (None, f'{OWN} AND {LEADS}'),
    ('feed_choices', 'update'): (None, f'{OWN} AND {LEADS}'),
    ('mediations', 'insert'): (None, f'is_shown(overlap_id) AND {OF_STATE}'),
    ('handling_signatures', 'insert'):
        (None, f"{OWN} AND person_id = {PERSON} AND {LEADS} AND knows(request_id, 'infinity')"),
    ('persons', 'insert'): (None, f'{OWN} AND {ADMINISTERS}'),
    ('persons', 'update'): (None, f'{ARRIVING} OR {OWN} AND (id = {PERSON} OR {ADMINISTERS})'),
    ('passkeys', 'insert'): (None, ITSELF),
    ('passkeys', 'update'): (f'{ARRIVING} OR {ITSELF}', None),
    ('passkeys', 'delete'): (MANAGED, None),
    ('recovery_codes', 'insert'): (None, ITSELF),
    ('recovery_codes', 'delete'): (f'{ARRIVING} OR {MANAGED}', None),
    ('sign_ins', 'insert'): (None, f'{ARRIVING} OR {ITSELF}'),
    ('sign_ins', 'update'): (f'{ARRIVING} OR {ITSELF}', None),
    ('sign_ins', 'delete'): (f'{ARRIVING} OR {MANAGED}', None),
}

# asked by the process for all that listen; an office asks for itself
NEWEST_EVENTS = """
CREATE OR REPLACE FUNCTION newest_events(offices bigint[])
RETURNS TABLE (office_id bigint, written_in bigint, number bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN QUERY
  SELECT o.id, n.written_in, n.number
  FROM unnest(offices) AS o (id)
  CROSS JOIN LATERAL (
    SELECT e.written_in, e.number FROM public.events e
    WHERE e.office_id = o.id
      AND e.written_in < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    ORDER BY e.written_in DESC, e.number DESC LIMIT 1) AS n
  WHERE o.id = coalesce(public.current_office(), o.id);
END
$function$
"""

# a policy sees no row as it was; the operator adds people as another role
ROLES_BY_ANOTHER = """
CREATE FUNCTION take_roles_from_another() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF current_user = 'joinder_app' AND (NEW.id = public.current_person()
     OR 'administrator' <> ALL (coalesce(public.current_roles(), '{}'))) THEN
    RAISE EXCEPTION 'another one, who administers, gives roles' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END
$function$
"""


def upgrade() -> None:
    for (table, action), (reached, left) in POLICIES.items():
        using = f' USING ({reached})' if reached else ''
        check = f' WITH CHECK ({left})' if left else ''
        op.execute(f'ALTER POLICY app_{action} ON {table}{using}{check}')
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    op.execute('SET LOCAL ROLE joinder_ladder')
    op.execute(NEWEST_EVENTS)
    op.execute('SET LOCAL ROLE joinder_owner')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')
    op.execute(ROLES_BY_ANOTHER)
    op.execute(
        'CREATE TRIGGER roles_by_another BEFORE UPDATE OF roles ON persons FOR EACH ROW'
        ' WHEN (OLD.roles IS DISTINCT FROM NEW.roles) EXECUTE FUNCTION take_roles_from_another()'
    )


def downgrade() -> None:
    raise NotImplementedError('One person could then act as another.')
