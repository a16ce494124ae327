"""what people are told: settings, marks, and mails that say that something waits"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.guarding import ALL, OWN, PERSON, answer_as_ladder, guard

revision: str = "0021"
down_revision: str | Sequence[str] | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ONES = f'person_id = {PERSON}'

TABLES = {
    'notice_settings': [
        # a worker that acts for the office finds out who is to be told
        ('app', 'SELECT', OWN),
        ('app', 'INSERT', f'{OWN} AND {ONES}'),
        ('app', 'UPDATE (muted, read_written_in, read_number, mail, address, mail_written_in,'
                ' mail_number, mail_due_at)', f'{OWN} AND {ONES}', f'{OWN} AND {ONES}'),
        ('ladder', 'SELECT (office_id, mail, mail_due_at, mail_written_in, mail_number)', ALL),
        ('jobs', 'SELECT (person_id, office_id, mail, mail_due_at)', ALL),
        ('jobs', 'UPDATE (mail_due_at)', ALL, ALL),
    ],
    'notice_reads': [
        ('app', 'SELECT', ONES),
        ('app', 'INSERT', ONES),
        ('app', 'DELETE', ONES),
    ],
    'mails': [
        ('app', 'SELECT', OWN),
        ('app', 'INSERT', OWN),
        ('app', 'UPDATE (state, attempts, due_at, claimed_until, error)', OWN, OWN),
        ('ladder', 'SELECT (office_id, state, due_at, claimed_until)', ALL),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'UPDATE (alarmed_at)', ALL, ALL),
        ('jobs', 'DELETE', ALL),
    ],
}

# With the rights of the ladder, as offices_to_tell: who asks learns keys and places, nothing of what
# happened, and not even whether the office may know of it.
FUNCTIONS = {
    'offices_to_mail(timestamptz)': """
CREATE FUNCTION offices_to_mail(at timestamptz) RETURNS TABLE (office_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN QUERY
  SELECT s.office_id FROM public.notice_settings s
  WHERE s.mail = 'at_once' AND s.mail_due_at <= at AND EXISTS (
    SELECT FROM public.events e
    WHERE e.office_id = s.office_id
      AND (e.written_in, e.number) > (s.mail_written_in, s.mail_number)
      AND e.written_in < pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
  UNION
  SELECT m.office_id FROM public.mails m
  WHERE m.state = 'waiting' AND m.due_at <= at
    AND (m.claimed_until IS NULL OR m.claimed_until <= at);
END
$function$
""",
    'newest_events(bigint[])': """
CREATE FUNCTION newest_events(offices bigint[])
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
    ORDER BY e.written_in DESC, e.number DESC LIMIT 1) AS n;
END
$function$
""",
}


def upgrade() -> None:
    op.create_table('notice_settings',
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('office_id', sa.BigInteger(), nullable=False),
    sa.Column('muted', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('read_written_in', sa.BigInteger(), nullable=False),
    sa.Column('read_number', sa.BigInteger(), nullable=False),
    sa.Column('mail', sa.String(), nullable=False),
    sa.Column('address', sa.String(), nullable=True),
    sa.Column('mail_written_in', sa.BigInteger(), nullable=False),
    sa.Column('mail_number', sa.BigInteger(), nullable=False),
    sa.Column('mail_due_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("mail IN ('none', 'at_once', 'daily', 'weekly')", name=op.f('ck_notice_settings_mail')),
    sa.CheckConstraint("mail = 'none' OR address IS NOT NULL", name=op.f('ck_notice_settings_address')),
    sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_notice_settings_office_id')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.id'], name=op.f('fk_notice_settings_person_id')),
    sa.PrimaryKeyConstraint('person_id', name=op.f('pk_notice_settings'))
    )
    op.create_index('ix_notice_settings_office_id', 'notice_settings', ['office_id'], unique=False)
    op.create_index('ix_notice_settings_mail_due_at', 'notice_settings', ['mail_due_at'], unique=False, postgresql_where=sa.text("mail <> 'none'"))
    op.create_table('notice_reads',
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('event_number', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['event_number'], ['events.number'], name=op.f('fk_notice_reads_event_number'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['persons.id'], name=op.f('fk_notice_reads_person_id')),
    sa.PrimaryKeyConstraint('person_id', 'event_number', name=op.f('pk_notice_reads'))
    )
    op.create_index('ix_notice_reads_event_number', 'notice_reads', ['event_number'], unique=False)
    op.create_table('mails',
    sa.Column('id', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False),
    sa.Column('office_id', sa.BigInteger(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('attempts', sa.SmallInteger(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('claimed_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('error', sa.String(), nullable=True),
    sa.Column('alarmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state IN ('waiting', 'delivered', 'dead', 'withheld')", name=op.f('ck_mails_state')),
    sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_mails_office_id')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.id'], name=op.f('fk_mails_person_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mails'))
    )
    op.create_index('uq_mails_person_id', 'mails', ['person_id'], unique=True, postgresql_where=sa.text("state = 'waiting'"))
    op.create_index('ix_mails_office_id_due_at', 'mails', ['office_id', 'due_at'], unique=False, postgresql_where=sa.text("state = 'waiting'"))
    op.create_index('ix_mails_due_at', 'mails', ['due_at'], unique=False, postgresql_where=sa.text("state <> 'waiting'"))
    for table, rules in TABLES.items():
        guard(table, rules)
    answer_as_ladder(FUNCTIONS, 'app')


def downgrade() -> None:
    op.execute('SET LOCAL ROLE joinder_ladder')
    for name in FUNCTIONS:
        op.execute(f'DROP FUNCTION {name}')
    op.execute('SET LOCAL ROLE joinder_owner')
    for table in TABLES:
        op.drop_table(table)
