"""turns of webhooks: a worker is told which webhooks wait, not which offices; nobody waits for what stands still

What stands still is a webhook that is paused, an office that is shut out, and the mail of people who
are disabled: none of it is asked for, or alarmed of.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0039"
down_revision: str | Sequence[str] | None = "0038"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

RIGHTS = (
    ('persons', 'ladder', '(id, disabled_at)', True),
    ('webhooks', 'jobs', '(id, office_id, state)', True),
    ('webhook_deliveries', 'jobs', '(webhook_id)', False),
)

# As before with the rights of the ladder: keys of who is to be told, and nothing of what
WEBHOOKS_TO_TELL = """
CREATE FUNCTION webhooks_to_tell(at timestamptz)
RETURNS TABLE (office_id bigint, webhook_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN QUERY
  SELECT w.office_id, w.id FROM public.webhooks w
  JOIN public.offices o ON o.id = w.office_id AND o.suspended_at IS NULL
  WHERE w.state = 'active' AND (EXISTS (
    SELECT FROM public.events e
    WHERE e.office_id = w.office_id AND (e.written_in, e.number) > (w.written_in, w.number)
      AND e.written_in < pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
  OR EXISTS (
    SELECT FROM public.webhook_deliveries d
    WHERE d.webhook_id = w.id AND d.state = 'waiting' AND d.due_at <= at
      AND (d.claimed_until IS NULL OR d.claimed_until <= at)));
END
$function$
"""
OFFICES_TO_MAIL = """
CREATE OR REPLACE FUNCTION offices_to_mail(at timestamptz) RETURNS TABLE (office_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN QUERY
  SELECT o.id FROM public.offices o
  WHERE o.suspended_at IS NULL AND (EXISTS (
    SELECT FROM public.notice_settings s
    JOIN public.persons p ON p.id = s.person_id AND p.disabled_at IS NULL
    WHERE s.office_id = o.id AND s.mail = 'at_once' AND s.mail_due_at <= at AND EXISTS (
      SELECT FROM public.events e
      WHERE e.office_id = o.id
        AND (e.written_in, e.number) > (s.mail_written_in, s.mail_number)
        AND e.written_in < pg_snapshot_xmin(pg_current_snapshot())::text::bigint))
  OR EXISTS (
    SELECT FROM public.mails m
    WHERE m.office_id = o.id AND m.state = 'waiting' AND m.due_at <= at
      AND (m.claimed_until IS NULL OR m.claimed_until <= at)));
END
$function$
"""


def upgrade() -> None:
    for table, role, columns, is_new in RIGHTS:
        op.execute(f'GRANT SELECT {columns} ON {table} TO joinder_{role}')
        if is_new:
            op.execute(
                f'CREATE POLICY {role}_select ON {table} FOR SELECT TO joinder_{role} USING (true)'
            )
    op.execute('GRANT SELECT (person_id) ON notice_settings TO joinder_ladder')
    op.execute(
        'CREATE INDEX ix_webhook_deliveries_webhook_id_due_at'
        " ON webhook_deliveries (webhook_id, due_at) WHERE state = 'waiting'"
    )
    op.execute('DROP INDEX ix_webhook_deliveries_office_id_due_at')
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    op.execute(WEBHOOKS_TO_TELL)
    op.execute('GRANT EXECUTE ON FUNCTION webhooks_to_tell(timestamptz) TO joinder_app')
    op.execute('ALTER FUNCTION webhooks_to_tell(timestamptz) OWNER TO joinder_ladder')
    op.execute('SET LOCAL ROLE joinder_ladder')
    op.execute('DROP FUNCTION offices_to_tell(timestamptz)')
    op.execute(OFFICES_TO_MAIL)
    op.execute('SET LOCAL ROLE joinder_owner')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')


def downgrade() -> None:
    raise NotImplementedError('A webhook that does not answer would delay the others of its office.')
