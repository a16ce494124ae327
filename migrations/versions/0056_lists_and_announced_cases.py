"""lists and announced cases: lists are counted, and so is what a permit names and nobody posts

An announcement ends after 30 days and with its case. Open requests for correction have an index by
the day on which they are due.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.guarding import ALL, OWN, answer_as_ladder, guard

revision: str = "0056"
down_revision: str | Sequence[str] | None = "0055"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KINDS = "kind IN ('canary', 'allowance', 'readings', 'short_lived', 'unposted')"

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
      CASE c.key WHEN 'listing' THEN s.of_listing ELSE s.of_daily END * CASE regexp_replace(c.key, '^feed:', '')
        WHEN 'person' THEN 3000 WHEN 'tel' THEN 500
        WHEN 'quick_check' THEN 600 WHEN 'reading' THEN 300
        WHEN 'listing' THEN 10000 ELSE 200 END AS daily
    FROM (VALUES ('office:' || public.current_office(), 1::float8, 1::float8, 2),
                 ('client:' || public.current_client(), 1::float8, 1::float8 / 2, 1),
                 ('person:' || public.current_person(), 1::float8 / 3, 1::float8 / 3, 2))
      AS s (holder, of_daily, of_listing, burst)
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
    RETURNING b.spent > part.burst * part.daily
      OR b.key_class <> 'listing' AND b.period_spent > 10 * part.daily INTO is_full;
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
# how many, and neither which nor by whom; one that was withdrawn since was posted
UNPOSTED_CASES = """
CREATE FUNCTION unposted_cases(of_since timestamptz, of_until timestamptz)
RETURNS TABLE (office_id bigint, announced_on date, count bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN QUERY
  SELECT a.office_id, a.announced_at::date, count(*)
  FROM public.announced_cases a
  WHERE a.announced_at >= of_since AND a.announced_at < of_until AND NOT EXISTS (
    SELECT FROM public.cases c WHERE c.office_id = a.office_id
      AND c.source_system = a.source_system AND c.external_id = a.external_id)
  GROUP BY a.office_id, a.announced_at::date;
END
$function$
"""
FORGET_ANNOUNCED = """
CREATE FUNCTION forget_announced() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  DELETE FROM public.announced_cases a
  WHERE a.office_id = OLD.office_id AND a.source_system = OLD.source_system
    AND a.external_id = OLD.external_id;
  RETURN NULL;
END
$function$
"""


def upgrade() -> None:
    op.execute('SET LOCAL ROLE joinder_ladder')
    op.execute('DROP FUNCTION debit(jsonb)')
    op.execute('SET LOCAL ROLE joinder_owner')
    answer_as_ladder({'debit(jsonb)': DEBIT}, 'app')
    op.create_table('announced_cases',
        sa.Column('office_id', sa.BigInteger(), nullable=False),
        sa.Column('source_system', sa.String(), nullable=False),
        sa.Column('external_id', sa.String(), nullable=False),
        sa.Column('announced_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_announced_cases_office_id')),
        sa.PrimaryKeyConstraint('office_id', 'source_system', 'external_id', name=op.f('pk_announced_cases')),
    )
    op.create_index('ix_announced_cases_announced_at', 'announced_cases', ['announced_at'])
    guard('announced_cases', [
        ('app', 'SELECT', OWN),
        ('app', 'INSERT', OWN),
        ('ladder', 'SELECT', ALL),
        ('ladder', 'DELETE', ALL),
        ('jobs', 'SELECT (announced_at)', ALL),
        ('jobs', 'DELETE', ALL),
    ])
    answer_as_ladder({'unposted_cases(timestamptz, timestamptz)': UNPOSTED_CASES}, 'jobs')
    op.execute('ALTER TABLE alarms DROP CONSTRAINT ck_alarms_kind,'
               f' ADD CONSTRAINT ck_alarms_kind CHECK ({KINDS})')
    op.create_index('ix_corrections_due_on', 'corrections', ['due_on', 'id'],
        postgresql_where='outcome IS NULL')
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    op.execute(FORGET_ANNOUNCED)
    op.execute('CREATE TRIGGER forget_announced AFTER DELETE ON "cases"'
               ' FOR EACH ROW EXECUTE FUNCTION forget_announced()')
    op.execute('ALTER FUNCTION forget_announced() OWNER TO joinder_ladder')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')


def downgrade() -> None:
    raise NotImplementedError('Alarms of the new kind could not stay.')
