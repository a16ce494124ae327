"""follow-ups, contact requests, checks, second looks"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.guarding import ALL, OFFICE, OF_OWN_CASE, OF_OWN_PERSON, OWN, PERSON, answer_as_ladder, guard

revision: str = '0013'
down_revision: str | Sequence[str] | None = '0012'
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SHOWN = 'is_shown(overlap_id)'
NOT_WALLED = f"""(SELECT count(*) = 0 FROM case_walls w
  WHERE w.case_id IN (requester_case_id, responder_case_id) AND w.lifted_at IS NULL
    AND (w.office_id = {OFFICE} OR w.person_id = {PERSON}))"""
BOTH_TAKE_PART = """(SELECT count(DISTINCT a.office_id) = 2 FROM participation_agreements a
  WHERE a.office_id IN (requester_office_id, responder_office_id)
    AND a.effective_on <= current_day() AND (a.ends_on IS NULL OR a.ends_on > current_day()))"""
EITHER = f'{OFFICE} IN (requester_office_id, responder_office_id) AND {NOT_WALLED} AND {BOTH_TAKE_PART}'
# who was asked answers; who asked takes back
ENDING = f"""responder_office_id = {OFFICE}
  OR requester_office_id = {OFFICE} AND status IN ('withdrawn', 'expired')"""
OF_SIDES = f"""requester_office_id = {OFFICE} AND (
  SELECT true FROM shown_overlaps v
  WHERE v.id = contact_requests.overlap_id AND v.case_id = requester_case_id
    AND v.other_case_id = responder_case_id AND v.other_office_id = responder_office_id)"""

# table -> (role, privilege, rows that it reaches or, for INSERT, may make[, rows it may leave])
TABLES = {
    'follow_ups': [
        # how far the other side has come is shown with its contact
        ('app', 'SELECT', f'{OWN} OR rung_of(overlap_id) >= 2'),
        ('app', 'INSERT', f'{OWN} AND {SHOWN}'),
        ('app', 'UPDATE', OWN, OWN),
    ],
    'assignments': [
        ('app', 'SELECT', OWN),
        ('app', 'INSERT', f'{OWN} AND {SHOWN} AND {OF_OWN_PERSON}'),
        ('app', 'UPDATE (person_id, assigned_at, assigned_by)', OWN, f'{OWN} AND {OF_OWN_PERSON}'),
        ('app', 'DELETE', OWN),
        ('jobs', 'SELECT (office_id, overlap_id, person_id)', ALL),
    ],
    'reminders': [
        ('app', 'SELECT', OWN),
        ('app', 'INSERT', f'{OWN} AND {SHOWN}'),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'UPDATE (told_at)', ALL, ALL),
    ],
    'mediations': [
        ('app', 'SELECT', f'mediator_office_id = {OFFICE}'),
        ('app', 'INSERT', SHOWN),
        ('jobs', 'SELECT', ALL),
    ],
    'contact_requests': [
        ('app', 'SELECT', EITHER),
        ('app', 'INSERT', OF_SIDES),
        ('app', 'UPDATE (status, decline_reason, ended_at, version)', EITHER, ENDING),
        ('jobs', 'SELECT (id, overlap_id, requester_office_id, responder_office_id, requester_case_id, '
                 'status, expires_at, version)', ALL),
        ('jobs', 'UPDATE (status, ended_at, version)', ALL, ALL),
    ],
    'checks': [
        ('app', 'SELECT', OWN),
        ('app', 'INSERT', f'{OWN} AND {OF_OWN_CASE}'),
    ],
    'second_looks': [
        # that the other side declined its case is part of its summary
        ('app', 'SELECT', f'{OWN} OR rung_of(overlap_id) >= 3'),
        ('app', 'INSERT', f'{OWN} AND {SHOWN}'),
        ('app', 'UPDATE (state, outcome, version, acknowledged_at, closed_at)', OWN, OWN),
    ],
}

# With the rights of the ladder. PL/pgSQL, because it keeps its plans.
FUNCTIONS = {
    'rung_of(uuid)': """
CREATE FUNCTION rung_of(of_overlap uuid) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER COST 10000 SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN (SELECT v.reached FROM public.shown_overlaps v WHERE v.id = of_overlap);
END
$function$
""",
    # the office's overlaps with one case of another, where its summary is shown: only then is it
    # told that two of its overlaps are with the same case
    'overlaps_with(bigint)': """
CREATE FUNCTION overlaps_with(other_case bigint) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 5 SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN QUERY
  SELECT v.id FROM public.overlap_sides s
  CROSS JOIN LATERAL (
    SELECT v.id, v.reached FROM public.shown_overlaps v WHERE v.id = s.overlap_id OFFSET 0) AS v
  WHERE s.case_id = other_case AND s.other_office_id = public.current_office() AND v.reached >= 3;
END
$function$
""",
}


def upgrade() -> None:
    op.create_table('checks',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('office_id', sa.BigInteger(), nullable=False),
    sa.Column('case_id', sa.BigInteger(), nullable=False),
    sa.Column('act', sa.String(), nullable=False),
    sa.Column('checked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('checked_by', sa.String(), nullable=False),
    sa.Column('shown', postgresql.JSONB(), nullable=False),
    sa.CheckConstraint("act IN ('plea', 'declination', 'charge', 'operation')", name=op.f('ck_checks_act')),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_checks_case_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_checks_office_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_checks'))
    )
    op.create_index('ix_checks_case_id_id', 'checks', ['case_id', 'id'], unique=False)
    op.create_table('assignments',
    sa.Column('office_id', sa.BigInteger(), nullable=False),
    sa.Column('overlap_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('assigned_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('assigned_by', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_assignments_office_id')),
    sa.ForeignKeyConstraint(['overlap_id'], ['overlaps.id'], name=op.f('fk_assignments_overlap_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['persons.id'], name=op.f('fk_assignments_person_id')),
    sa.PrimaryKeyConstraint('office_id', 'overlap_id', name=op.f('pk_assignments'))
    )
    op.create_index('ix_assignments_person_id', 'assignments', ['person_id'], unique=False)
    op.create_table('contact_requests',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('overlap_id', sa.Uuid(), nullable=False),
    sa.Column('requester_office_id', sa.BigInteger(), nullable=False),
    sa.Column('responder_office_id', sa.BigInteger(), nullable=False),
    sa.Column('requester_case_id', sa.BigInteger(), nullable=False),
    sa.Column('responder_case_id', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('decline_reason', sa.String(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('requested_by', sa.String(), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(status = 'declined') = (decline_reason IS NOT NULL)", name=op.f('ck_contact_requests_decline_reason')),
    sa.CheckConstraint("(status = 'pending') = (ended_at IS NULL)", name=op.f('ck_contact_requests_ended_at')),
    sa.CheckConstraint("decline_reason IN ('investigation_at_risk', 'not_the_same_subject', 'matter_closed', 'conflict_of_interest', 'later')", name=op.f('ck_contact_requests_coded_reason')),
    sa.CheckConstraint("reason IN ('same_subject', 'act_ahead', 'joint_handling')", name=op.f('ck_contact_requests_reason')),
    sa.CheckConstraint("status IN ('pending', 'accepted', 'declined', 'withdrawn', 'expired')", name=op.f('ck_contact_requests_status')),
    sa.CheckConstraint('requested_at < expires_at', name=op.f('ck_contact_requests_expires_at')),
    sa.CheckConstraint('requester_office_id <> responder_office_id', name=op.f('ck_contact_requests_two_offices')),
    sa.ForeignKeyConstraint(['overlap_id'], ['overlaps.id'], name=op.f('fk_contact_requests_overlap_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['requester_office_id'], ['offices.id'], name=op.f('fk_contact_requests_requester_office_id')),
    sa.ForeignKeyConstraint(['responder_office_id'], ['offices.id'], name=op.f('fk_contact_requests_responder_office_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact_requests'))
    )
    op.create_index('ix_contact_requests_pending', 'contact_requests', ['expires_at'], unique=False, postgresql_where=sa.text("status = 'pending'"))
    op.create_index('ix_contact_requests_requester_office_id_id', 'contact_requests', ['requester_office_id', 'id'], unique=False)
    op.create_index('ix_contact_requests_responder_office_id_id', 'contact_requests', ['responder_office_id', 'id'], unique=False)
    op.create_index('uq_contact_requests_open', 'contact_requests', ['overlap_id', 'requester_office_id'], unique=True, postgresql_where=sa.text("status = 'pending'"))
    op.create_table('follow_ups',
    sa.Column('office_id', sa.BigInteger(), nullable=False),
    sa.Column('overlap_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('acknowledged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('contacted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('resolved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('resolution', sa.String(), nullable=True),
    sa.Column('resolved_evidence', postgresql.ARRAY(sa.String()), nullable=True),
    sa.CheckConstraint("resolution IN ('handled_jointly', 'handled_separately', 'other_office_handles', 'not_a_match')", name=op.f('ck_follow_ups_resolution')),
    sa.CheckConstraint('(resolved_at IS NULL) = (resolution IS NULL) AND (resolved_at IS NULL) = (resolved_evidence IS NULL)', name=op.f('ck_follow_ups_resolved')),
    sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_follow_ups_office_id')),
    sa.ForeignKeyConstraint(['overlap_id'], ['overlaps.id'], name=op.f('fk_follow_ups_overlap_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('office_id', 'overlap_id', name=op.f('pk_follow_ups'))
    )
    op.create_table('mediations',
    sa.Column('overlap_id', sa.Uuid(), nullable=False),
    sa.Column('mediator_office_id', sa.BigInteger(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['mediator_office_id'], ['offices.id'], name=op.f('fk_mediations_mediator_office_id')),
    sa.ForeignKeyConstraint(['overlap_id'], ['overlaps.id'], name=op.f('fk_mediations_overlap_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('overlap_id', name=op.f('pk_mediations'))
    )
    op.create_index('ix_mediations_mediator_office_id', 'mediations', ['mediator_office_id', 'overlap_id'], unique=False)
    op.create_table('reminders',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('office_id', sa.BigInteger(), nullable=False),
    sa.Column('overlap_id', sa.Uuid(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('step', sa.String(), nullable=False),
    sa.Column('level', sa.String(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("level IN ('reminder', 'backup', 'mediator')", name=op.f('ck_reminders_level')),
    sa.CheckConstraint("step IN ('acknowledge', 'judge')", name=op.f('ck_reminders_step')),
    sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_reminders_office_id')),
    sa.ForeignKeyConstraint(['overlap_id'], ['overlaps.id'], name=op.f('fk_reminders_overlap_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reminders')),
    sa.UniqueConstraint('office_id', 'overlap_id', 'round', 'step', 'level', name='uq_reminders_once')
    )
    op.create_index('ix_reminders_untold', 'reminders', ['id'], unique=False, postgresql_where=sa.text('told_at IS NULL'))
    op.create_table('second_looks',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('office_id', sa.BigInteger(), nullable=False),
    sa.Column('overlap_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('outcome', sa.String(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('acknowledged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(state = 'closed') = (outcome IS NOT NULL) AND (state = 'closed') = (closed_at IS NOT NULL)", name=op.f('ck_second_looks_closed')),
    sa.CheckConstraint("outcome IN ('reopened', 'consulting', 'declination_stands')", name=op.f('ck_second_looks_outcome')),
    sa.CheckConstraint("state IN ('asked', 'acknowledged', 'closed')", name=op.f('ck_second_looks_state')),
    sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_second_looks_office_id')),
    sa.ForeignKeyConstraint(['overlap_id'], ['overlaps.id'], name=op.f('fk_second_looks_overlap_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_second_looks')),
    sa.UniqueConstraint('overlap_id', 'office_id', name='uq_second_looks_once')
    )
    op.create_index('ix_second_looks_office_id_id', 'second_looks', ['office_id', 'id'], unique=False)
    op.add_column('state_settings', sa.Column('mediator_office_id', sa.BigInteger(), nullable=True))
    # the check of the rows that are there reads both tables, as their owner
    for table in ('state_settings', 'offices'):
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
    op.create_foreign_key(op.f('fk_state_settings_mediator_office_id'), 'state_settings', 'offices', ['mediator_office_id'], ['id'])
    for table in ('state_settings', 'offices'):
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
    answer_as_ladder(FUNCTIONS, 'app')
    for table, rules in TABLES.items():
        guard(table, rules)


def downgrade() -> None:
    op.drop_table('second_looks')
    op.drop_table('reminders')
    op.drop_table('mediations')
    op.drop_table('follow_ups')
    op.drop_table('contact_requests')
    op.drop_table('assignments')
    op.drop_table('checks')
    op.execute('SET LOCAL ROLE joinder_ladder')
    for name in FUNCTIONS:
        op.execute(f'DROP FUNCTION {name}')
    op.execute('SET LOCAL ROLE joinder_owner')
    op.drop_constraint(op.f('fk_state_settings_mediator_office_id'), 'state_settings', type_='foreignkey')
    op.drop_column('state_settings', 'mediator_office_id')
