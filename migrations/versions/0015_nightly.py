"""nightly: runs, recounts, events, purges

A purge deletes a case and what refers to it goes with it, so each reference to a case or an overlap
says ON DELETE CASCADE (tests/retention fails else).
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.guarding import ALL, OWN, PERSON, guard

revision: str = '0015'
down_revision: str | Sequence[str] | None = '0014'
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

AUDITS = "(SELECT 'auditor' = ANY (current_roles()))"
NOT_WALLED = f"""(SELECT count(*) = 0 FROM case_walls w
  WHERE w.case_id = events.case_id AND w.lifted_at IS NULL AND w.person_id = {PERSON})"""

# what every transaction that wrote is numbered by; all below the horizon have ended
TRANSACTION = '(pg_current_xact_id()::text)::bigint'

TABLES = {
    'runs': [
        ('app', 'SELECT (id, state, is_dry, started_at, finished_at)', AUDITS),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'UPDATE', ALL, ALL),
        ('jobs', 'DELETE', ALL),
    ],
    'run_steps': [
        # no counts: they are of all offices together
        ('app', 'SELECT (run_id, position, step, state, error)', AUDITS),
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'UPDATE', ALL, ALL),
    ],
    'recounts': [
        ('matcher', 'SELECT', ALL),
        ('matcher', 'INSERT', ALL),
        ('matcher', 'UPDATE', ALL, ALL),
    ],
    'recount_pairs': [
        ('matcher', 'SELECT', ALL),
        ('matcher', 'INSERT', ALL),
        ('matcher', 'DELETE', ALL),
    ],
    'purged_cases': [('jobs', 'SELECT', ALL), ('jobs', 'INSERT', ALL)],
    'stuck_cases': [
        ('jobs', 'SELECT', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'UPDATE', ALL, ALL),
        ('jobs', 'DELETE', ALL),
    ],
    'events': [
        ('app', 'SELECT', f'{OWN} AND (overlap_id IS NULL OR is_shown(overlap_id)) AND {NOT_WALLED}'),
        ('ladder', 'INSERT', ALL),
        ('jobs', 'SELECT (number, at)', ALL),
        ('jobs', 'INSERT', ALL),
        ('jobs', 'DELETE', ALL),
    ],
}

# table -> rights besides those that earlier migrations gave
MORE = {
    'cases': [('jobs', 'DELETE', ALL)],
    'idempotency_keys': [('jobs', 'SELECT (id, created_at)', ALL), ('jobs', 'DELETE', ALL)],
    'spent_assertions': [('jobs', 'SELECT', ALL), ('jobs', 'DELETE', ALL)],
    'handling_requests': [
        ('jobs', 'SELECT (id, status, requester_case_id, responder_case_id)', ALL),
    ],
}
COLUMNS = {'cases': 'review_on, validated_on, withdrawn_at, held_at'}

CASCADES = (
    ('"overlaps"', 'fk_overlaps_low_case_id', 'low_case_id', 'cases'),
    ('"overlaps"', 'fk_overlaps_high_case_id', 'high_case_id', 'cases'),
    ('overlap_sides', 'fk_overlap_sides_overlap_id', 'overlap_id', '"overlaps"'),
    ('case_grants', 'fk_case_grants_overlap_id', 'overlap_id', '"overlaps"'),
    ('handling_requests', 'fk_handling_requests_overlap_id', 'overlap_id', '"overlaps"'),
    ('matters', 'fk_matters_overlap_id', 'overlap_id', '"overlaps"'),
    ('matters', 'fk_matters_request_id', 'request_id', 'handling_requests'),
)

FUNCTIONS = ('note_found', 'note_changed', 'note_shown')
TRIGGERS = {
    'note_found': '"overlaps"',
    'note_changed': '"overlaps"',
    'note_shown': 'cases',
    'note_granted': 'case_grants',
    'note_approved': 'case_grants',
    'note_lifted': 'case_walls',
}

# With the rights of the ladder, because a verdict is given by one side and is news to both. For
# each row, because a trigger of the statement would be called by every post, most of which find
# nothing. The sides are not there yet, so the offices are those of the two cases.
EVENTS = """
CREATE FUNCTION note_found() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO public.events (office_id, type, overlap_id)
  SELECT c.office_id, 'overlap.found', NEW.id
  FROM public.cases c WHERE c.id IN (NEW.low_case_id, NEW.high_case_id);
  RETURN NULL;
END
$function$;
CREATE FUNCTION note_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO public.events (office_id, type, overlap_id)
  SELECT c.office_id,
    CASE WHEN NEW.retracted_at IS NOT NULL AND OLD.retracted_at IS NULL THEN 'overlap.retracted'
         WHEN NEW.retracted_at IS NULL AND OLD.retracted_at IS NOT NULL THEN 'overlap.found'
         WHEN NEW.findings <> OLD.findings THEN 'overlap.changed'
         ELSE 'overlap.updated' END, NEW.id
  FROM public.cases c WHERE c.id IN (NEW.low_case_id, NEW.high_case_id);
  RETURN NULL;
END
$function$;
CREATE FUNCTION note_shown() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  shown bigint;
  reader bigint;
  of_overlap uuid;
BEGIN
  IF TG_TABLE_NAME = 'cases' THEN
    shown := NEW.id;
  ELSIF TG_TABLE_NAME = 'case_walls' THEN
    shown := NEW.case_id;
    reader := NEW.office_id;
  ELSE
    shown := NEW.case_id;
    reader := NEW.grantee_office_id;
    of_overlap := NEW.overlap_id;
  END IF;
  INSERT INTO public.events (office_id, type, overlap_id)
  SELECT s.other_office_id, 'overlap.updated', s.overlap_id
  FROM public.overlap_sides s
  JOIN public."overlaps" o ON o.id = s.overlap_id AND o.retracted_at IS NULL
  WHERE s.case_id = shown AND (reader IS NULL OR s.other_office_id = reader)
    AND (of_overlap IS NULL OR s.overlap_id = of_overlap);
  RETURN NULL;
END
$function$;
CREATE TRIGGER note_shown AFTER UPDATE OF disclosure ON cases
  FOR EACH ROW WHEN (OLD.disclosure <> NEW.disclosure) EXECUTE FUNCTION note_shown();
CREATE TRIGGER note_granted AFTER INSERT ON case_grants
  FOR EACH ROW WHEN (NEW.approval <> 'pending') EXECUTE FUNCTION note_shown();
CREATE TRIGGER note_approved AFTER UPDATE OF approval ON case_grants
  FOR EACH ROW WHEN (OLD.approval <> NEW.approval) EXECUTE FUNCTION note_shown();
CREATE TRIGGER note_lifted AFTER UPDATE OF lifted_at ON case_walls
  FOR EACH ROW WHEN (OLD.lifted_at IS NULL AND NEW.lifted_at IS NOT NULL AND NEW.office_id IS NOT NULL) EXECUTE FUNCTION note_shown();
CREATE TRIGGER note_found AFTER INSERT ON "overlaps"
  FOR EACH ROW EXECUTE FUNCTION note_found();
CREATE TRIGGER note_changed AFTER UPDATE ON "overlaps"
  FOR EACH ROW WHEN (OLD.version <> NEW.version) EXECUTE FUNCTION note_changed()"""


def refer(on_delete: str) -> None:
    """Make the references of `CASCADES` anew; their check reads rows, which force would hide."""
    bound = sorted({each for table, _, _, target in CASCADES for each in (table, target)})
    for table in bound:
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
    for table, name, column, target in CASCADES:
        op.execute(f'ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name}'
                   f' FOREIGN KEY ({column}) REFERENCES {target}{on_delete}')
    for table in bound:
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')


def upgrade() -> None:
    op.create_table('runs',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('is_dry', sa.Boolean(), nullable=False),
    sa.Column('as_of', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state IN ('running', 'succeeded', 'failed', 'interrupted')", name=op.f('ck_runs_state')),
    sa.CheckConstraint("(state = 'running') = (finished_at IS NULL)", name=op.f('ck_runs_finished_at')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_runs'))
    )
    op.create_index('uq_runs_running', 'runs', ['state'], unique=True, postgresql_where=sa.text("state = 'running'"))
    op.create_table('run_steps',
    sa.Column('run_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.SmallInteger(), nullable=False),
    sa.Column('step', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.Column('milliseconds', sa.BigInteger(), nullable=False),
    sa.Column('error', sa.String(), nullable=True),
    sa.CheckConstraint("state IN ('running', 'succeeded', 'failed')", name=op.f('ck_run_steps_state')),
    sa.CheckConstraint("(state = 'failed') = (error IS NOT NULL)", name=op.f('ck_run_steps_error')),
    sa.ForeignKeyConstraint(['run_id'], ['runs.id'], name=op.f('fk_run_steps_run_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('run_id', 'position', name=op.f('pk_run_steps'))
    )
    op.create_table('recounts',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('is_full', sa.Boolean(), nullable=False),
    sa.Column('since', sa.BigInteger(), nullable=False),
    sa.Column('until', sa.BigInteger(), nullable=False),
    sa.Column('next_slice', sa.SmallInteger(), nullable=False),
    sa.Column('next_overlap', sa.Uuid(), nullable=True),
    sa.Column('differences', sa.BigInteger(), nullable=False),
    sa.Column('began_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recounts'))
    )
    op.create_index('uq_recounts_unfinished', 'recounts', ['is_full'], unique=True, postgresql_where=sa.text('finished_at IS NULL'))
    op.create_table('recount_pairs',
    sa.Column('low_case_id', sa.BigInteger(), nullable=False),
    sa.Column('high_case_id', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['low_case_id'], ['cases.id'], name=op.f('fk_recount_pairs_low_case_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['high_case_id'], ['cases.id'], name=op.f('fk_recount_pairs_high_case_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('low_case_id', 'high_case_id', name=op.f('pk_recount_pairs'))
    )
    op.create_table('purged_cases',
    sa.Column('case_id', sa.BigInteger(), nullable=False),
    sa.Column('office_id', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('purged_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("reason IN ('withdrawn', 'review_passed')", name=op.f('ck_purged_cases_reason')),
    sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_purged_cases_office_id')),
    sa.PrimaryKeyConstraint('case_id', name=op.f('pk_purged_cases'))
    )
    op.create_table('stuck_cases',
    sa.Column('case_id', sa.BigInteger(), nullable=False),
    sa.Column('attempts', sa.SmallInteger(), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('tried_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_stuck_cases_case_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('case_id', name=op.f('pk_stuck_cases'))
    )
    op.create_table('events',
    sa.Column('number', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('written_in', sa.BigInteger(), server_default=sa.text(TRANSACTION), nullable=False),
    sa.Column('key', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False),
    sa.Column('office_id', sa.BigInteger(), nullable=False),
    sa.Column('type', sa.String(), nullable=False),
    sa.Column('overlap_id', sa.Uuid(), nullable=True),
    sa.Column('case_id', sa.BigInteger(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('num_nonnulls(overlap_id, case_id) = 1', name=op.f('ck_events_about')),
    sa.ForeignKeyConstraint(['overlap_id'], ['overlaps.id'], name=op.f('fk_events_overlap_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_events_case_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_events'))
    )
    op.create_index('ix_events_office_id_written_in_number', 'events', ['office_id', 'written_in', 'number'], unique=False)
    op.create_index('ix_events_overlap_id', 'events', ['overlap_id'], unique=False)
    op.create_index('ix_events_case_id', 'events', ['case_id'], unique=False, postgresql_where=sa.text('case_id IS NOT NULL'))
    op.create_index('ix_events_at', 'events', ['at'], unique=False)
    op.add_column('subjects', sa.Column('written_in', sa.BigInteger(), server_default=sa.text(TRANSACTION), nullable=False))
    op.create_index('ix_subjects_written_in', 'subjects', ['written_in'], unique=False)
    op.create_index('ix_cases_review_on', 'cases', ['review_on'], unique=False, postgresql_where=sa.text('withdrawn_at IS NULL'))
    op.create_index('ix_cases_withdrawn_at', 'cases', ['withdrawn_at'], unique=False, postgresql_where=sa.text('withdrawn_at IS NOT NULL'))
    op.create_index('ix_overlaps_high_case_id', 'overlaps', ['high_case_id'], unique=False)
    op.create_index('ix_overlap_sides_overlap_id', 'overlap_sides', ['overlap_id'], unique=False)
    refer(' ON DELETE CASCADE')
    for table, rules in {**TABLES, **MORE}.items():
        guard(table, rules)
    for table, columns in COLUMNS.items():
        op.execute(f'GRANT SELECT ({columns}) ON {table} TO joinder_jobs')
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    for statement in EVENTS.split(';\nCREATE '):
        op.execute(statement if statement.startswith('\nCREATE') else f'CREATE {statement}')
    for name in FUNCTIONS:
        op.execute(f'ALTER FUNCTION {name}() OWNER TO joinder_ladder')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')


def downgrade() -> None:
    for name, table in TRIGGERS.items():
        op.execute(f'DROP TRIGGER {name} ON {table}')
    op.execute('SET LOCAL ROLE joinder_ladder')
    for name in FUNCTIONS:
        op.execute(f'DROP FUNCTION {name}()')
    op.execute('SET LOCAL ROLE joinder_owner')
    for table, columns in COLUMNS.items():
        op.execute(f'REVOKE SELECT ({columns}) ON {table} FROM joinder_jobs')
    for table, rules in MORE.items():
        for role, privilege, *_ in rules:
            op.execute(f'DROP POLICY {role}_{privilege.split()[0].lower()} ON {table}')
            op.execute(f'REVOKE {privilege} ON {table} FROM joinder_{role}')
    refer('')
    op.drop_index('ix_overlap_sides_overlap_id', 'overlap_sides')
    op.drop_index('ix_overlaps_high_case_id', 'overlaps')
    op.drop_index('ix_cases_review_on', 'cases')
    op.drop_index('ix_cases_withdrawn_at', 'cases')
    op.drop_column('subjects', 'written_in')
    for table in reversed(TABLES):
        op.drop_table(table)
