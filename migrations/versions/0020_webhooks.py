"""webhooks and their deliveries: the outbox"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.guarding import ALL, OWN, answer_as_ladder, guard

revision: str = "0020"
down_revision: str | Sequence[str] | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ADMINISTERS = "(SELECT 'administrator' = ANY (current_roles()))"
BY_ITSELF = "added_by = 'person:' || (SELECT current_person())::text"

TABLES = {
    'webhooks': [
        ('app', 'SELECT', OWN),
        ('app', 'INSERT', f"{OWN} AND state = 'proposed' AND {ADMINISTERS} AND {BY_ITSELF}"),
        ('app', 'UPDATE (state, paused_for, approved_by, approved_at, secret_sealed,'
                ' old_secret_sealed, old_secret_until, written_in, number)', OWN, OWN),
        ('app', 'DELETE', f'{OWN} AND {ADMINISTERS}'),
        ('ladder', 'SELECT (id, office_id, state, written_in, number)', ALL),
    ],
    'webhook_deliveries': [
        ('app', 'SELECT', OWN),
        ('app', 'INSERT', OWN),
        ('app', 'UPDATE (state, attempts, due_at, claimed_until, tried_at, status, error,'
                ' alarmed_at)', OWN, OWN),
        ('ladder', 'SELECT (office_id, webhook_id, state, due_at, claimed_until)', ALL),
        ('jobs', 'SELECT (id, office_id, state, due_at, alarmed_at)', ALL),
        ('jobs', 'UPDATE (alarmed_at)', ALL, ALL),
        ('jobs', 'DELETE', ALL),
    ],
    'events': [('ladder', 'SELECT (office_id, written_in, number)', ALL)],
}
NEW = ('webhook_deliveries', 'webhooks')

# With the rights of the ladder: a worker acts for one office at a time and asks here which one.
# It learns that there is something to do, and nothing of what.
OFFICES_TO_TELL = """
CREATE FUNCTION offices_to_tell(at timestamptz) RETURNS TABLE (office_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN QUERY
  SELECT w.office_id FROM public.webhooks w
  WHERE w.state = 'active' AND EXISTS (
    SELECT FROM public.events e
    WHERE e.office_id = w.office_id AND (e.written_in, e.number) > (w.written_in, w.number)
      AND e.written_in < pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
  UNION
  SELECT d.office_id FROM public.webhook_deliveries d
  JOIN public.webhooks w ON w.id = d.webhook_id AND w.state = 'active'
  WHERE d.state = 'waiting' AND d.due_at <= at
    AND (d.claimed_until IS NULL OR d.claimed_until <= at);
END
$function$
"""

# whoever approves is who acts, whatever the application says
REQUIRE_APPROVER = """
CREATE FUNCTION require_approver() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF NEW.approved_by IS DISTINCT FROM 'person:' || public.current_person()::text
     OR 'administrator' <> ALL (coalesce(public.current_roles(), '{}')) THEN
    RAISE EXCEPTION 'only an administrator who acts approves' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END
$function$
"""


def upgrade() -> None:
    op.create_table('webhooks',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('office_id', sa.BigInteger(), nullable=False),
    sa.Column('url', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('paused_for', sa.String(), nullable=True),
    sa.Column('added_by', sa.String(), nullable=False),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('approved_by', sa.String(), nullable=True),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('secret_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('old_secret_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('old_secret_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('written_in', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("state IN ('proposed', 'active', 'paused')", name=op.f('ck_webhooks_state')),
    sa.CheckConstraint('approved_by <> added_by', name=op.f('ck_webhooks_two_persons')),
    sa.CheckConstraint("num_nulls(approved_by, approved_at) IN (0, 2) AND (approved_at IS NULL) = (state = 'proposed')", name=op.f('ck_webhooks_approved')),
    sa.CheckConstraint("(paused_for IS NOT NULL) = (state = 'paused') AND paused_for IN ('administrator', 'failing')", name=op.f('ck_webhooks_paused')),
    sa.CheckConstraint('num_nulls(old_secret_sealed, old_secret_until) IN (0, 2)', name=op.f('ck_webhooks_old_secret')),
    sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_webhooks_office_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhooks'))
    )
    op.create_index('uq_webhooks_office_id_url', 'webhooks', ['office_id', 'url'], unique=True)
    op.create_table('webhook_deliveries',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('office_id', sa.BigInteger(), nullable=False),
    sa.Column('webhook_id', sa.Uuid(), nullable=False),
    sa.Column('event_number', sa.BigInteger(), nullable=True),
    sa.Column('key', sa.Uuid(), nullable=False),
    sa.Column('type', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('attempts', sa.SmallInteger(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('claimed_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('tried_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('status', sa.SmallInteger(), nullable=True),
    sa.Column('error', sa.String(), nullable=True),
    sa.Column('alarmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state IN ('waiting', 'delivered', 'dead', 'withheld')", name=op.f('ck_webhook_deliveries_state')),
    sa.ForeignKeyConstraint(['event_number'], ['events.number'], name=op.f('fk_webhook_deliveries_event_number'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_webhook_deliveries_office_id')),
    sa.ForeignKeyConstraint(['webhook_id'], ['webhooks.id'], name=op.f('fk_webhook_deliveries_webhook_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_deliveries'))
    )
    op.create_index('uq_webhook_deliveries_event_number_webhook_id', 'webhook_deliveries', ['event_number', 'webhook_id'], unique=True)
    op.create_index('ix_webhook_deliveries_webhook_id_id', 'webhook_deliveries', ['webhook_id', 'id'], unique=False)
    op.create_index('ix_webhook_deliveries_office_id_due_at', 'webhook_deliveries', ['office_id', 'due_at'], unique=False, postgresql_where=sa.text("state = 'waiting'"))
    op.create_index('ix_webhook_deliveries_due_at', 'webhook_deliveries', ['due_at'], unique=False, postgresql_where=sa.text("state <> 'waiting'"))
    for table, rules in TABLES.items():
        guard(table, rules)
    op.execute(REQUIRE_APPROVER)
    op.execute('CREATE TRIGGER require_approver BEFORE UPDATE OF approved_by ON webhooks FOR EACH ROW'
               ' WHEN (OLD.approved_by IS DISTINCT FROM NEW.approved_by)'
               ' EXECUTE FUNCTION require_approver()')
    answer_as_ladder({'offices_to_tell(timestamptz)': OFFICES_TO_TELL}, 'app')


def downgrade() -> None:
    op.execute('SET LOCAL ROLE joinder_ladder')
    op.execute('DROP FUNCTION offices_to_tell(timestamptz)')
    op.execute('SET LOCAL ROLE joinder_owner')
    op.execute('DROP POLICY ladder_select ON events')
    op.execute('REVOKE SELECT (office_id, written_in, number) ON events FROM joinder_ladder')
    for table in NEW:
        op.drop_table(table)
    op.execute('DROP FUNCTION require_approver()')
