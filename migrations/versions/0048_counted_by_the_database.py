"""counted by the database: allowances are debited there, and an office lowers no count of its own

What an office or its people write of a count, of an attempt to sign in, of a lead that is handed
over: only what they do. Machine clients end in two years at the latest.
"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import ALL, OFFICE, OWN, answer_as_ladder, guard

revision: str = "0048"
down_revision: str | Sequence[str] | None = "0047"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ACTOR = "(SELECT 'person:' || current_person())"
ARRIVING = '(SELECT is_arriving())'
LEADS = "(SELECT 'leadership' = ANY (current_roles()))"
ADMINISTERS = "(SELECT 'administrator' = ANY (current_roles()))"
LED_BY = '(SELECT m.lead_office_id FROM matters m WHERE m.request_id = matter_leads.request_id)'
BUCKET = """holder IN ((SELECT 'office:' || current_office()),
  (SELECT 'client:' || current_client()), (SELECT 'person:' || current_person()))"""
ENDS = 'expires_on <= (SELECT current_day()) + 731'  # two years, and the midnight between two clocks

# (table, action): rows that it reaches (None: as before, or INSERT), rows that it may make or leave
POLICIES = {
    ('matter_leads', 'app_insert'): (
        None,
        f'is_party(request_id) AND withdrawn_at IS NULL AND {LEADS} AND CASE'
        f' WHEN from_office_id IS NULL THEN accepted_at IS NOT NULL AND office_id = {LED_BY}'
        f' ELSE accepted_at IS NULL AND from_office_id = {OFFICE} AND from_office_id = {LED_BY}'
        f' AND offered_by = {ACTOR} END',
    ),
    ('matter_leads', 'app_update'): (
        None,
        f'{LEADS} AND CASE WHEN accepted_at IS NULL THEN from_office_id = {OFFICE}'
        f' ELSE {OWN} AND from_office_id = {LED_BY} AND accepted_by = {ACTOR} END',
    ),
    ('client_credentials', 'app_insert'): (None, f'{OWN} AND {ADMINISTERS} AND {ENDS}'),
    ('client_credentials', 'jobs_insert'): (None, ENDS),
    ('client_credentials', 'jobs_update'): (None, ENDS),
    # the processes themselves, and sign-ins before they are anybody's
    ('sealing_keys', 'app_insert'): (None, ARRIVING),
    ('sign_in_attempts', 'app_select'): (ARRIVING, None),
    ('sign_in_attempts', 'app_insert'): (None, ARRIVING),
    ('sign_in_attempts', 'app_update'): (ARRIVING, ARRIVING),
    ('sign_in_attempts', 'app_delete'): (ARRIVING, None),
    # and who registers a passkey or an app
    ('spent_challenges', 'app_select'): (f'{ARRIVING} OR (SELECT current_person()) IS NOT NULL', None),
    ('spent_challenges', 'app_insert'): (None, f'{ARRIVING} OR (SELECT current_person()) IS NOT NULL'),
}

TAKEN = {
    'quota_buckets': ('INSERT', 'UPDATE'),
    'permitted_batches': ('SELECT', 'INSERT', 'UPDATE', 'DELETE'),
    'import_allowances': ('UPDATE (spent)',),
}
"""What `joinder_app` could do to the counts; the functions do it now."""

GIVEN = {
    'quota_buckets': [
        ('ladder', 'SELECT', BUCKET),
        ('ladder', 'INSERT', BUCKET),
        ('ladder', 'UPDATE', BUCKET, BUCKET),
    ],
    'permitted_batches': [
        ('ladder', 'SELECT', OWN),
        ('ladder', 'INSERT', OWN),
        ('ladder', 'UPDATE', OWN, OWN),
        ('ladder', 'DELETE', OWN),
    ],
    'import_allowances': [('ladder', 'SELECT', OWN), ('ladder', 'UPDATE (spent)', OWN, OWN)],
    'sign_in_attempts': [
        ('ladder', 'SELECT (key, locked_until)', ALL),
        ('ladder', 'DELETE', ALL),
    ],
}

# as app/quotas/allowances.py reckons; tests/quotas/test_debit.py compares the two
DEBIT = """
CREATE FUNCTION debit(of_counts jsonb) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  imported text[];
  part record;
  is_full boolean;
BEGIN
  IF (SELECT bool_or(value::integer < 1) FROM jsonb_each_text(of_counts)) THEN
    RAISE EXCEPTION 'what was used does not come back' USING ERRCODE = 'check_violation';
  END IF;
  WITH paid AS (
    UPDATE public.import_allowances a SET spent = a.spent + c.value::integer
    FROM jsonb_each_text(of_counts) AS c
    WHERE a.id = (SELECT i.id FROM public.import_allowances i
                  WHERE i.office_id = public.current_office() AND i.key_class = c.key
                    AND i.ends_at > now() AND i.elements - i.spent >= c.value::integer
                  ORDER BY i.ends_at, i.id LIMIT 1)
      AND a.elements - a.spent >= c.value::integer
    RETURNING a.key_class)
  SELECT coalesce(array_agg(paid.key_class), '{}') INTO imported FROM paid;
  FOR part IN
    SELECT s.holder, c.key AS key_class, c.value::integer AS count, s.burst,
      s.of_daily * CASE regexp_replace(c.key, '^feed:', '')
        WHEN 'person' THEN 3000 WHEN 'tel' THEN 500
        WHEN 'quick_check' THEN 600 WHEN 'reading' THEN 300 ELSE 200 END AS daily
    FROM (VALUES ('office:' || public.current_office(), 1::float8, 2),
                 ('client:' || public.current_client(), 1::float8, 1),
                 ('person:' || public.current_person(), 1::float8 / 3, 2))
      AS s (holder, of_daily, burst)
    CROSS JOIN jsonb_each_text(of_counts) AS c
    WHERE s.holder IS NOT NULL AND c.key <> ALL (imported)
    ORDER BY s.holder, c.key
  LOOP
    INSERT INTO public.quota_buckets AS b
      (holder, key_class, spent, counted_at, period_spent, period_began_at)
    VALUES (part.holder, part.key_class, part.count, now(), part.count, now())
    ON CONFLICT (holder, key_class) DO UPDATE SET
      spent = part.count + greatest(0, b.spent - part.daily
        * extract(epoch FROM greatest(now() - b.counted_at, '0'))::float8 / 86400),
      counted_at = greatest(now(), b.counted_at),
      period_spent = part.count + CASE WHEN now() - b.period_began_at < '30 days'
        THEN b.period_spent ELSE 0 END,
      period_began_at = CASE WHEN now() - b.period_began_at < '30 days'
        THEN b.period_began_at ELSE now() END
    RETURNING b.spent > part.burst * part.daily OR b.period_spent > 10 * part.daily INTO is_full;
    IF is_full THEN
      RAISE EXCEPTION 'the allowance is used up' USING ERRCODE = 'P0001';
    END IF;
  END LOOP;
  RETURN true;
EXCEPTION WHEN raise_exception THEN
  RETURN false;  -- with all of it undone
END
$function$
"""

# what is remembered costs nothing again, so nothing is remembered without being debited
PERMIT_BATCH = """
CREATE FUNCTION permit_batch(of_digest bytea, of_counts jsonb, is_feed boolean) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  DELETE FROM public.permitted_batches b
  WHERE b.office_id = public.current_office() AND b.permitted_at < now() - interval '1 day';
  -- with other counts it is another batch, whatever the digest: the evaluator compares both
  INSERT INTO public.permitted_batches AS b (office_id, digest, counts, permitted_at)
  VALUES (public.current_office(), of_digest, of_counts, now())
  ON CONFLICT (office_id, digest) DO UPDATE
  SET counts = excluded.counts, permitted_at = excluded.permitted_at
  WHERE b.counts <> excluded.counts;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF public.debit((SELECT jsonb_object_agg(CASE WHEN is_feed THEN 'feed:' ELSE '' END || key, value)
                   FROM jsonb_each(of_counts))) THEN
    RETURN true;
  END IF;
  DELETE FROM public.permitted_batches b
  WHERE b.office_id = public.current_office() AND b.digest = of_digest;
  RETURN NULL;
END
$function$
"""

# An account is named by a fingerprint under a key of the process, which no SQL can guess
LOCKED_ACCOUNTS = """
CREATE FUNCTION locked_accounts(of_keys bytea[]) RETURNS SETOF bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN QUERY
  SELECT a.key FROM public.sign_in_attempts a
  WHERE a.key = ANY (of_keys) AND a.locked_until = 'infinity'
    AND 'administrator' = ANY (public.current_roles());
END
$function$
"""
RELEASE_ACCOUNT = """
CREATE FUNCTION release_account(of_key bytea) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  DELETE FROM public.sign_in_attempts a
  WHERE a.key = of_key AND 'administrator' = ANY (public.current_roles());
  RETURN FOUND;
END
$function$
"""
FUNCTIONS = {
    'debit(jsonb)': DEBIT,
    'permit_batch(bytea, jsonb, boolean)': PERMIT_BATCH,
    'locked_accounts(bytea[])': LOCKED_ACCOUNTS,
    'release_account(bytea)': RELEASE_ACCOUNT,
}


def upgrade() -> None:
    op.execute('ALTER TABLE client_credentials NO FORCE ROW LEVEL SECURITY')
    op.execute(
        'UPDATE client_credentials SET expires_on = current_date + 730'
        ' WHERE expires_on > current_date + 730'
    )
    op.execute('ALTER TABLE client_credentials FORCE ROW LEVEL SECURITY')
    for (table, policy), (reached, left) in POLICIES.items():
        using = f' USING ({reached})' if reached else ''
        check = f' WITH CHECK ({left})' if left else ''
        op.execute(f'ALTER POLICY {policy} ON {table}{using}{check}')
    for table, privileges in TAKEN.items():
        for privilege in privileges:
            op.execute(f'REVOKE {privilege} ON {table} FROM joinder_app')
            op.execute(f'DROP POLICY app_{privilege.split()[0].lower()} ON {table}')
    for table, rules in GIVEN.items():
        guard(table, rules)
    answer_as_ladder(FUNCTIONS, 'app')


def downgrade() -> None:
    raise NotImplementedError('An office could then lower its own counts.')
