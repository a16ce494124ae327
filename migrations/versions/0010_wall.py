"""wall: row security on every table, a role for each kind of work

How to read `TABLES`: of each table, which role may do what (GRANT) to which rows (policy). `OWN`
stands for the rows of the office in the transaction's context (app/core/db.py). A table that a
later migration adds gets the same by `guard`; tests/wall/test_catalog.py fails else.
"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import ALL, OFFICE, OF_OWN_CASE, OF_OWN_PERSON, OWN, PERSON, answer_as_ladder, guard

revision: str = '0010'
down_revision: str | Sequence[str] | None = '0009'
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CLIENT = '(SELECT current_client())'
ARRIVING = '(SELECT is_arriving())'
KNOWN = f'{OFFICE} IS NOT NULL'
EXPECTED = '(SELECT is_arriving() OR current_office() IS NOT NULL)'
OWN_CLIENT = f'client_id = {CLIENT}'
OWN_CALLER = f'client_id = {CLIENT} OR person_id = {PERSON}'

# A scalar subquery, unlike EXISTS, is never planned as a hash of all that the office has.
OF_OWN_SUBJECT = f'(SELECT true FROM subjects s WHERE s.id = subject_id AND s.{OWN})'
HELD = ' OR '.join(
    f'(SELECT true FROM {table} g WHERE g.token = tokens.token AND g.{OWN} LIMIT 1)'
    for table in ('sightings', 'hidden_sightings', 'common_sightings')
)
BUCKET = """holder IN ((SELECT 'office:' || current_office()),
  (SELECT 'client:' || current_client()), (SELECT 'person:' || current_person()))"""
OF_STATE = f"scope = 'all' OR state = (SELECT o.state FROM offices o WHERE o.id = {OFFICE})"

NOT_WALLED = f"""(SELECT count(*) = 0 FROM case_walls w
  WHERE w.case_id IN (requester_case_id, responder_case_id) AND w.lifted_at IS NULL
    AND (w.office_id = {OFFICE} OR w.person_id = {PERSON}))"""
BOTH_TAKE_PART = """(SELECT count(DISTINCT a.office_id) = 2 FROM participation_agreements a
  WHERE a.office_id IN (requester_office_id, responder_office_id)
    AND a.effective_on <= current_day() AND (a.ends_on IS NULL OR a.ends_on > current_day()))"""
EITHER = f'{OFFICE} IN (requester_office_id, responder_office_id) AND {NOT_WALLED} AND {BOTH_TAKE_PART}'
RESPONDER = f'responder_office_id = {OFFICE}'

# the asking office and its case must be a side of the overlap, the other one the other side
OF_SIDES = f"""requester_office_id = {OFFICE} AND (
  SELECT true FROM shown_overlaps v
  WHERE v.id = handling_requests.overlap_id AND v.case_id = requester_case_id
    AND v.other_case_id = responder_case_id AND v.other_office_id = responder_office_id)"""
BREAKING = f"""{OWN} AND (
  SELECT true FROM shown_overlaps v
  WHERE v.id = glass_breaks.overlap_id
    AND v.other_case_id = owner_case_id AND v.other_office_id = owner_office_id)"""

# who accepts joint handling sees the asking office's contact (rung 2) in that overlap, and the
# summary (rung 3) when unit heads of the asking office have approved
ACCEPTED = f"""grantee_office_id = {OFFICE} AND (rung <= 2 OR rung = 3 AND approval = 'pending') AND (
  SELECT true FROM handling_requests h
  WHERE h.status = 'accepted' AND h.responder_office_id = {OFFICE}
    AND h.requester_case_id = case_grants.case_id
    AND h.overlap_id = case_grants.overlap_id LIMIT 1)"""
BROKEN = f"""grantee_office_id = {OFFICE} AND person_id = {PERSON} AND rung <= 3 AND (
  SELECT true FROM glass_breaks b
  WHERE b.{OWN} AND b.owner_case_id = case_grants.case_id AND b.overlap_id = case_grants.overlap_id
    AND b.expires_at = case_grants.expires_at LIMIT 1)"""
OF_ACCEPTED = f"""{RESPONDER} AND (
  SELECT true FROM handling_requests h
  WHERE h.id = request_id AND h.status = 'accepted' AND h.overlap_id = matters.overlap_id
    AND h.responder_office_id = {OFFICE}
    AND h.requester_office_id = matters.requester_office_id)"""

ENTRY = '(id, office_id, token, kind, epoch, mode, scope, state, reason, expires_on, added_at, ended_at)'
AGREEMENT_DATES = '(office_id, effective_on, ends_on)'
TO_LOCK = 'UPDATE (id)'  # of an identity that is always generated: allows row locks, and no change

# table -> (role, privilege, rows that it reaches or, for INSERT, may make[, rows it may leave])
TABLES = {
    'offices': [
        ('app', 'SELECT', EXPECTED),  # the directory of offices
        ('matcher', 'SELECT (id, state)', ALL),
        ('ladder', 'SELECT', ALL),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'UPDATE', ALL, ALL),
    ],
    'office_contacts': [
        ('app', 'SELECT', KNOWN),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'UPDATE', ALL, ALL),
    ],
    'state_settings': [
        ('app', 'SELECT', KNOWN),
        ('ladder', 'SELECT', ALL),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'UPDATE', ALL, ALL),
    ],
    'proposals': [
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'UPDATE (approved_at, approved_by)', ALL, ALL),
    ],
    'commitments': [('app', 'SELECT', KNOWN), ('jobs', 'SELECT', ALL), ('jobs', 'INSERT', ALL)],
    'participation_agreements': [
        # since when an office takes part is known to those who do; who signed is not
        ('app', f'SELECT {AGREEMENT_DATES}', EXPECTED),
        ('ladder', f'SELECT {AGREEMENT_DATES}', ALL),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'UPDATE', ALL, ALL),
    ],
    'client_credentials': [
        ('app', 'SELECT', f'{OWN} OR {ARRIVING}'),
        # to hold the row while its keys change, and to end what the office's kill switch ends
        ('app', 'UPDATE (revoked_at)', OWN, OWN),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'UPDATE', ALL, ALL),
    ],
    'client_keys': [
        ('app', 'SELECT', f'{OWN_CLIENT} OR {ARRIVING}'),
        ('app', 'INSERT', OWN_CLIENT),
        ('app', 'UPDATE (ended_at)', OWN_CLIENT, OWN_CLIENT),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
    ],
    'spent_assertions': [
        ('app', 'SELECT', f'{OWN_CLIENT} OR {ARRIVING}'),
        ('app', 'INSERT', f'{OWN_CLIENT} OR {ARRIVING}'),
        ('app', 'DELETE', f'{OWN_CLIENT} OR {ARRIVING}'),
    ],
    'idempotency_keys': [
        ('app', 'SELECT', OWN_CALLER),
        ('app', 'INSERT', OWN_CALLER),
        ('app', 'UPDATE', OWN_CALLER, OWN_CALLER),
        ('app', 'DELETE', OWN_CALLER),
    ],
    'persons': [
        ('app', 'SELECT', f'{OWN} OR {ARRIVING}'),
        ('app', 'INSERT', OWN),
        ('app', 'UPDATE', f'{OWN} OR {ARRIVING}', f'{OWN} OR {ARRIVING}'),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'UPDATE', ALL, ALL),
    ],
    'passkeys': [
        ('app', 'SELECT', f'{ARRIVING} OR {OF_OWN_PERSON}'),
        ('app', 'INSERT', OF_OWN_PERSON),
        ('app', 'UPDATE (sign_count)', f'{ARRIVING} OR {OF_OWN_PERSON}', ALL),
        ('app', 'DELETE', OF_OWN_PERSON),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'DELETE', ALL),
    ],
    'recovery_codes': [
        ('app', 'SELECT', f'{ARRIVING} OR {OF_OWN_PERSON}'),
        ('app', 'INSERT', OF_OWN_PERSON),
        ('app', 'DELETE', f'{ARRIVING} OR {OF_OWN_PERSON}'),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'DELETE', ALL),
    ],
    'sign_ins': [
        ('app', 'SELECT', f'{ARRIVING} OR {OF_OWN_PERSON}'),
        ('app', 'INSERT', f'{ARRIVING} OR {OF_OWN_PERSON}'),
        ('app', 'UPDATE (digest, seen_at, proved_at, acknowledged_at)',
                f'{ARRIVING} OR {OF_OWN_PERSON}', ALL),
        ('app', 'DELETE', f'{ARRIVING} OR {OF_OWN_PERSON}'),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'UPDATE (seen_at)', ALL, ALL),
        ('jobs', 'DELETE', ALL),
    ],
    'sign_in_attempts': [
        ('app', 'SELECT', EXPECTED),
        ('app', 'INSERT', EXPECTED),
        ('app', 'UPDATE', EXPECTED, ALL),
        ('app', 'DELETE', EXPECTED),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'UPDATE (counted)', ALL, ALL),
        ('jobs', 'DELETE', ALL),
    ],
    'spent_challenges': [
        ('app', 'SELECT', EXPECTED),
        ('app', 'INSERT', EXPECTED),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'UPDATE (expires_at)', ALL, ALL),
        ('jobs', 'DELETE', ALL),
    ],
    'identity_providers': [
        ('app', 'SELECT', f'{OWN} OR {ARRIVING}'),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'UPDATE', ALL, ALL),
    ],
    'quota_buckets': [
        ('app', 'SELECT', BUCKET),
        ('app', 'INSERT', BUCKET),
        ('app', 'UPDATE', BUCKET, BUCKET),
    ],
    'permitted_batches': [
        ('app', 'SELECT', OWN),
        ('app', 'INSERT', OWN),
        ('app', 'UPDATE', OWN, OWN),
        ('app', 'DELETE', OWN),
    ],
    'import_allowances': [
        ('app', 'SELECT', OWN),
        ('app', 'UPDATE (spent)', OWN, OWN),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
    ],
    'key_epochs': [
        ('app', 'SELECT', EXPECTED),
        ('app', 'INSERT', ARRIVING),  # the first one, when the registry starts
        ('app', 'UPDATE (key_check)', f'{EXPECTED} AND key_check IS NULL', EXPECTED),
        ('matcher', 'SELECT (epoch, state)', ALL),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'UPDATE', ALL, ALL),
    ],
    'sealing_keys': [
        ('app', 'INSERT', EXPECTED),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'DELETE', ALL),
    ],
    'cases': [
        ('app', 'SELECT', OWN),
        ('app', 'INSERT', OWN),
        ('app', 'UPDATE', OWN, OWN),
        ('ladder', 'SELECT (id, office_id, source_system, external_id, disclosure, record_class, '
                   'trafficking_type, county_fips, opened_on, summary)', ALL),
        ('matcher', 'SELECT (id)', ALL),
        ('matcher', TO_LOCK, ALL, 'false'),
        ('jobs', 'SELECT (id, office_id)', ALL),
        ('jobs', TO_LOCK, ALL, 'false'),
    ],
    'case_grants': [
        ('app', 'SELECT', f'grantee_office_id = {OFFICE} OR {OF_OWN_CASE}'),
        ('app', 'INSERT', f'{OF_OWN_CASE} OR {ACCEPTED} OR {BROKEN}'),
        ('app', 'UPDATE (approval, approved_by, revoked_at)',
                f'grantee_office_id = {OFFICE} OR {OF_OWN_CASE}',
                f'{OF_OWN_CASE} OR revoked_at IS NOT NULL'),
        ('ladder', 'SELECT', ALL),
    ],
    'case_walls': [
        ('app', 'SELECT', f'{OF_OWN_CASE} OR {OWN} OR person_id = {PERSON}'),
        ('app', 'INSERT', OF_OWN_CASE),
        ('app', 'UPDATE (lift_asked_at, lift_asked_by, lifted_at, lifted_by)', OF_OWN_CASE, ALL),
        ('ladder', 'SELECT', ALL),
    ],
    'glass_breaks': [
        ('app', 'SELECT', f'{OFFICE} IN (office_id, owner_office_id)'),
        ('app', 'INSERT', BREAKING),
        ('app', 'UPDATE (reviewed_at, reviewed_by, finding)', f'owner_office_id = {OFFICE}', ALL),
        ('jobs', 'SELECT (id, office_id, owner_office_id, review_due_at, reviewed_at, alarmed_at)', ALL),
        ('jobs', 'UPDATE (alarmed_at)', ALL, ALL),
    ],
    'subjects': [
        ('app', 'SELECT', OWN),
        ('matcher', 'SELECT', ALL),
        ('matcher', 'INSERT', OWN),
        ('matcher', 'DELETE', OWN),
        ('jobs', 'SELECT', ALL),
    ],
    'tokens': [
        ('app', 'SELECT', HELD),
        *((role, privilege, ALL, *([ALL] if privilege == 'UPDATE' else []))
          for role in ('matcher', 'jobs')
          for privilege in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')),
    ],
    **{
        table: [
            ('app', 'SELECT', OWN),
            ('matcher', 'SELECT', ALL),
            ('matcher', 'INSERT', OWN),
            ('matcher', 'DELETE', OWN),
            ('jobs', 'SELECT', ALL),
            ('jobs', 'INSERT', ALL),
            ('jobs', 'UPDATE (alias)', ALL, ALL),  # for its row locks
            ('jobs', 'DELETE', ALL),
        ]
        for table in ('sightings', 'hidden_sightings', 'common_sightings')
    },
    'sealed_elements': [
        ('matcher', 'INSERT', OF_OWN_SUBJECT),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'UPDATE', ALL, ALL),
    ],
    'suppressions': [
        ('app', f'SELECT {ENTRY}', f'{OWN} OR {OF_STATE} OR {OFFICE} = 0'),
        ('matcher', f'SELECT {ENTRY}', ALL),
        ('matcher', 'INSERT', OWN),
        # the operator ends the expired ones of every office
        ('matcher', 'UPDATE (ended_at, sealing_key_id, sealed)',
                    f'{OWN} OR {OFFICE} = 0', f'{OWN} OR {OFFICE} = 0'),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'UPDATE (token, epoch, sealing_key_id, sealed)', ALL, ALL),
    ],
    'pending_pairs': [
        ('matcher', 'SELECT', ALL),
        ('matcher', 'INSERT', ALL),
        ('matcher', 'DELETE', ALL),
    ],
    '"overlaps"': [
        ('app', 'SELECT (id, version, evidence)', 'is_shown(id)'),
        ('app', 'UPDATE (version)', ALL, ALL),
        ('matcher', 'SELECT', ALL),
        ('matcher', 'INSERT', ALL),
        ('matcher', 'UPDATE', ALL, ALL),
        ('ladder', 'SELECT', ALL),
    ],
    'overlap_sides': [
        ('app', 'SELECT', f'{OWN} AND is_shown(overlap_id)'),
        ('app', 'UPDATE (verdict, verdict_reason, verdict_evidence, verdict_at)', OWN, OWN),
        ('matcher', 'SELECT', ALL),
        ('matcher', 'INSERT', ALL),
        ('ladder', 'SELECT', ALL),
        ('ladder', 'UPDATE (seen_at)', OWN, OWN),
    ],
    'handling_requests': [
        ('app', 'SELECT', EITHER),
        ('app', 'INSERT', OF_SIDES),
        # the one who asked is told that it may not answer, so it reaches the row
        ('app', 'UPDATE (status, decline_reason, answered_at, version)', EITHER, RESPONDER),
    ],
    'matters': [
        ('app', 'SELECT', f'{OFFICE} IN (requester_office_id, responder_office_id)'),
        ('app', 'INSERT', OF_ACCEPTED),
    ],
    'audit_entries': [('audit', 'INSERT', f'{OWN} OR {ARRIVING}')],
}

CONTEXT = """
CREATE FUNCTION current_office() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('joinder.office', true), '')::bigint;
CREATE FUNCTION current_client() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('joinder.client', true), '')::uuid;
CREATE FUNCTION current_person() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('joinder.person', true), '')::uuid;
CREATE FUNCTION current_roles() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
  RETURN string_to_array(current_setting('joinder.roles', true), ',');
CREATE FUNCTION is_arriving() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  RETURN current_office() IS NULL AND coalesce(current_setting('joinder.stage', true), '') = 'arriving';
CREATE FUNCTION current_day() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE
  RETURN (now() AT TIME ZONE 'UTC')::date;
COMMENT ON FUNCTION current_office() IS
  'The office that the transaction acts for; null sees no row, 0 is the operator.';
COMMENT ON FUNCTION current_client() IS 'The machine client that the transaction acts for.';
COMMENT ON FUNCTION current_person() IS 'The person that the transaction acts for.';
COMMENT ON FUNCTION current_roles() IS 'What the client or person is.';
COMMENT ON FUNCTION is_arriving() IS
  'Whether the transaction has not yet said whom it acts for: it may look up callers.';
COMMENT ON FUNCTION current_day() IS 'Today, UTC.';
"""

IN_FORCE = """EXISTS (
    SELECT FROM participation_agreements a WHERE a.office_id = {office}
      AND a.effective_on <= (SELECT current_day())
      AND (a.ends_on IS NULL OR a.ends_on > (SELECT current_day())))"""
WALLED = f"""EXISTS (
    SELECT FROM case_walls w WHERE w.case_id IN ({{cases}}) AND w.lifted_at IS NULL
      AND (w.office_id = {{office}} OR w.person_id = {PERSON}))"""
CLASSES = "CASE {case}.record_class WHEN 'pre_charge' THEN {0} WHEN 'charged' THEN {0} WHEN 'disposed' THEN {0} WHEN 'declined' THEN {0} ELSE 0 END"

# of each finding what a pointer shows: no strength, no facts and no explanation
KINDS_OF_FINDINGS = """(
  SELECT jsonb_agg(
    e.finding - ARRAY['strength', 'first_differs', 'facts', 'match_key', 'explanation'] || CASE
      WHEN e.finding ? 'facts' AND coalesce(e.finding->'kinds', '[]') = '[]'
      THEN jsonb '{"kinds": ["name"]}' ELSE '{}' END)
  FROM jsonb_array_elements(o.findings) AS e (finding))"""

# The tables of app/access/policy.py, in SQL: `overlaps:read` by role, the rung of each class and of
# each disclosure, and what a rung shows. tests/access/test_sql.py holds them to the policy.
# Facts besides what the rung shows, of which the application makes its own decision: granted,
# is_walled, judged_class, judged_disclosure.
SHOWN_OVERLAPS = f"""
CREATE VIEW shown_overlaps AS
SELECT s.office_id, s.overlap_id AS id, o.version, o.strength, o.found_at, o.band,
  CASE WHEN r.reached >= 2 THEN o.findings ELSE {KINDS_OF_FINDINGS} END AS findings, o.evidence,
  o.retracted_at, o.retract_reason, r.reached, s.seen_at,
  s.verdict AS own_verdict, s.verdict_reason AS own_verdict_reason,
  s.verdict_evidence AS own_verdict_evidence, s.verdict_at AS own_verdict_at,
  t.verdict AS other_verdict, CASE WHEN r.reached >= 2 THEN t.verdict_reason END AS other_verdict_reason,
  t.verdict_evidence AS other_verdict_evidence, t.verdict_at AS other_verdict_at,
  s.case_id, s.other_case_id, s.other_office_id, s.case_id = o.low_case_id AS is_low,
  own.source_system, own.external_id, f.state, f.kind,
  CASE WHEN r.reached >= 2 THEN f.code END AS code,
  CASE WHEN r.reached >= 2 THEN f.name END AS name,
  CASE WHEN r.reached >= 2 THEN f.contact_title END AS contact_title,
  CASE WHEN r.reached >= 2 THEN f.contact_phone END AS contact_phone,
  CASE WHEN r.reached >= 2 THEN f.contact_email END AS contact_email,
  CASE WHEN r.reached >= 3 THEN c.record_class END AS record_class,
  CASE WHEN r.reached >= 3 THEN c.trafficking_type END AS trafficking_type,
  CASE WHEN r.reached >= 3 THEN c.county_fips END AS county_fips,
  CASE WHEN r.reached >= 3 THEN c.opened_on END AS opened_on,
  CASE WHEN r.reached >= 3 THEN c.summary END AS summary,
  r.granted, r.is_walled,
  c.record_class AS judged_class, c.disclosure AS judged_disclosure
FROM overlap_sides s
JOIN "overlaps" o ON o.id = s.overlap_id
JOIN overlap_sides t ON t.office_id = s.other_office_id AND t.overlap_id = s.overlap_id
JOIN cases own ON own.id = s.case_id
JOIN cases c ON c.id = s.other_case_id
JOIN offices f ON f.id = s.other_office_id
CROSS JOIN LATERAL (
  SELECT k.*, CASE WHEN o.retracted_at IS NULL THEN k.rung ELSE least(k.rung, 1) END AS reached
  FROM (SELECT k.*, least(
      (SELECT coalesce(max(CASE WHEN role = 'client' THEN 3
                                WHEN role IN ('prosecutor', 'analyst', 'leadership', 'coordinator')
                                THEN 4 ELSE 0 END), 0) FROM unnest(current_roles()) AS r (role)),
      {CLASSES.format(4, case='c')},
      greatest(CASE c.disclosure WHEN 'open' THEN 2 WHEN 'contact_first' THEN 1 ELSE 0 END,
               k.granted)) AS rung
    FROM (SELECT (SELECT max(g.rung) FROM case_grants g
        WHERE g.case_id = s.other_case_id AND g.grantee_office_id = s.office_id
          AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > now())
          AND g.approval <> 'pending' AND (g.person_id IS NULL OR g.person_id = {PERSON})
          AND (g.overlap_id IS NULL OR g.overlap_id = s.overlap_id)
      ) AS granted,
      {WALLED.format(cases='s.case_id, s.other_case_id', office='s.office_id')} AS is_walled
      OFFSET 0) AS k) AS k OFFSET 0) AS r
WHERE s.{OWN} AND r.reached > 0 AND NOT r.is_walled
  AND {IN_FORCE.format(office=OFFICE)} AND {IN_FORCE.format(office='s.other_office_id')}
  AND (o.retracted_at IS NULL
       OR s.seen_at IS NOT NULL AND o.retracted_at > now() - interval '90 days')
"""

STATE_OVERLAPS = f"""
CREATE VIEW state_overlaps AS
SELECT o.id, o.version, o.found_at, o.band, {KINDS_OF_FINDINGS} AS findings, f.state,
  low.office_id AS low_office_id, f.kind AS low_kind,
  low.record_class AS low_class, low.disclosure AS low_disclosure,
  high.office_id AS high_office_id, g.kind AS high_kind,
  high.record_class AS high_class, high.disclosure AS high_disclosure,
  k.is_walled
FROM "overlaps" o
JOIN cases low ON low.id = o.low_case_id
JOIN cases high ON high.id = o.high_case_id
JOIN offices f ON f.id = low.office_id
JOIN offices g ON g.id = high.office_id AND g.state = f.state
JOIN offices me ON me.id = {OFFICE} AND me.kind = 'attorney_general' AND me.state = f.state
CROSS JOIN LATERAL (SELECT {WALLED.format(cases='low.id, high.id', office=OFFICE)} AS is_walled OFFSET 0) AS k
WHERE o.retracted_at IS NULL AND me.id NOT IN (low.office_id, high.office_id)
  AND (SELECT count(*) = 0 FROM state_settings x WHERE x.state = f.state AND NOT x.has_state_pointers)
  AND least((SELECT CASE WHEN current_roles() && ARRAY['client', 'coordinator'] THEN 1 ELSE 0 END),
    {CLASSES.format(1, case='low')}, {CLASSES.format(1, case='high')},
    CASE low.disclosure WHEN 'open' THEN 1 WHEN 'contact_first' THEN 1 ELSE 0 END,
    CASE high.disclosure WHEN 'open' THEN 1 WHEN 'contact_first' THEN 1 ELSE 0 END) > 0
  AND NOT k.is_walled AND {IN_FORCE.format(office=OFFICE)}
  AND {IN_FORCE.format(office='low.office_id')} AND {IN_FORCE.format(office='high.office_id')}
"""

# With the rights of the ladder too. PL/pgSQL, because it keeps its plans.
FUNCTIONS = {
    'is_shown(uuid)': """
CREATE FUNCTION is_shown(of_overlap uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER COST 10000 SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN EXISTS (SELECT FROM public.shown_overlaps v WHERE v.id = of_overlap);
END
$function$
""",
    'mark_seen(uuid[], timestamptz)': """
CREATE FUNCTION mark_seen(shown uuid[], at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  UPDATE public.overlap_sides u SET seen_at = at
  FROM (SELECT s.overlap_id FROM public.overlap_sides s
        WHERE s.office_id = public.current_office() AND s.overlap_id = ANY (shown)
          AND s.seen_at IS NULL FOR NO KEY UPDATE SKIP LOCKED) AS first
  WHERE u.office_id = public.current_office() AND u.overlap_id = first.overlap_id;
END
$function$
""",
}

VIEWS = {'shown_overlaps': SHOWN_OVERLAPS, 'state_overlaps': STATE_OVERLAPS}


def upgrade() -> None:
    op.execute('ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC')
    for statement in CONTEXT.strip().split(';\n'):
        op.execute(statement)
    op.execute(
        'GRANT EXECUTE ON FUNCTION current_office(), current_client(), current_person(),'
        ' current_roles(), is_arriving(), current_day()'
        ' TO joinder_app, joinder_matcher, joinder_ladder, joinder_audit, joinder_jobs, joinder_backup'
    )
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    for name, view in VIEWS.items():
        op.execute(view)
        op.execute(f'GRANT SELECT ON {name} TO joinder_app')
        op.execute(f'ALTER VIEW {name} OWNER TO joinder_ladder')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')
    answer_as_ladder(FUNCTIONS, 'app')
    for role in ('app', 'matcher', 'ladder', 'audit', 'jobs', 'backup'):
        op.execute(f'GRANT USAGE ON SCHEMA public TO joinder_{role}')
    op.execute('GRANT SELECT ON alembic_version TO joinder_app, joinder_jobs')
    for table, rules in TABLES.items():
        guard(table, rules)


def downgrade() -> None:
    for table, rules in TABLES.items():
        for role, privilege, *_ in rules:
            op.execute(f'DROP POLICY {role}_{privilege.split()[0].lower()} ON {table}')
            op.execute(f'REVOKE ALL ON {table} FROM joinder_{role}')
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE {table} DISABLE ROW LEVEL SECURITY')
    op.execute('SET LOCAL ROLE joinder_ladder')
    for name in FUNCTIONS:
        op.execute(f'DROP FUNCTION {name}')
    for name in VIEWS:
        op.execute(f'DROP VIEW {name}')
    op.execute('SET LOCAL ROLE joinder_owner')
    op.execute(
        'DROP FUNCTION is_arriving(), current_office(), current_client(), current_person(),'
        ' current_roles(), current_day()'
    )
    op.execute('REVOKE SELECT ON alembic_version FROM joinder_app, joinder_jobs')
    op.execute('ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC')
