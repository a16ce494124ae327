"""what a record class asks for, coded facts, stages, labels, legal hold, corrections"""

import re
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.guarding import OF_OWN_CASE, OWN

revision: str = '0011'
down_revision: str | Sequence[str] | None = '0010'
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CONSTRAINTS = {
    'declined_review_on':
        "record_class <> 'declined' OR awaits_attestation"
        " OR review_on <= validated_on + interval '1 year'",
    'declined_reason':
        "awaits_attestation OR withdrawn_at IS NOT NULL"
        " OR (record_class = 'declined') = (declined_reason IS NOT NULL)",
    'attestation': """
record_class NOT IN ('pre_charge', 'declined') OR awaits_attestation
OR withdrawn_at IS NOT NULL OR (attestation ->> 'attests' = record_class
    AND num_nonnulls(attestation ->> 'basis', attestation ->> 'attested_by',
                     attestation ->> 'attested_on', attestation ->> 'support_at') = 4
    AND attestation ->> 'attested_on' <= to_char(validated_on, 'YYYY-MM-DD')) IS TRUE
""",
    'forms': """
jsonb_typeof(facts) = 'object' AND jsonb_typeof(labels) = 'object'
AND jsonb_typeof(stages) = 'array' AND jsonb_typeof(apart) = 'array'
""",
    'held': '(held_at IS NULL) = (held_by IS NULL) AND (held_at IS NULL) = (hold_reason IS NULL)',
}

OBJECTS = {'attestation': None, 'facts': '{}', 'stages': '[]', 'labels': '{}', 'apart': '[]'}

# A stage that was posted stays until the case is withdrawn.
STAGES_STAY = """
CREATE FUNCTION keep_stages() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF NEW.withdrawn_at IS NULL AND NOT NEW.stages @> OLD.stages THEN
    RAISE EXCEPTION 'a stage that was posted stays' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'ck_cases_stages_stay', TABLE = 'cases';
  END IF;
  RETURN NEW;
END
$function$
"""

SHOWN = """
    CASE WHEN r.reached >= 3 THEN c.declined_reason END AS declined_reason,
    CASE WHEN r.reached >= 3 THEN c.facts END AS facts,
    CASE WHEN r.reached >= 3 THEN c.labels END AS labels,
    CASE WHEN r.reached >= 4 THEN c.stages END AS stages"""

TABLES = {
    'summary_readings': [
        ('SELECT', OWN),
        ('INSERT', OWN),
        ('UPDATE (read_by, read_at, expires_at)', OWN, OWN),
    ],
    'corrections': [
        ('SELECT', OF_OWN_CASE),
        ('INSERT', OF_OWN_CASE),
        ('UPDATE (outcome, settled_by, settled_at)', OF_OWN_CASE, OF_OWN_CASE),
    ],
}


def upgrade() -> None:
    for name, default in OBJECTS.items():
        op.add_column('cases', sa.Column(
            name, postgresql.JSONB(), nullable=default is None,
            server_default=None if default is None else sa.text(f"'{default}'"),
        ))
    op.add_column('cases', sa.Column('declined_reason', sa.String(), nullable=True))
    op.add_column('cases', sa.Column('held_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('cases', sa.Column('held_by', sa.String(), nullable=True))
    op.add_column('cases', sa.Column('hold_reason', sa.String(), nullable=True))
    op.add_column('cases', sa.Column(
        'awaits_attestation', sa.Boolean(), nullable=False, server_default=sa.text('false')))
    # what earlier releases took stays until it is posted anew, and is reviewed in time; the owner
    # sees every row while row security is not forced, which nobody else notices
    op.execute('ALTER TABLE cases NO FORCE ROW LEVEL SECURITY')
    op.execute("""
        UPDATE cases SET awaits_attestation = true,
          review_on = CASE record_class WHEN 'declined'
            THEN least(review_on, greatest((validated_on + interval '1 year')::date, current_date + 60))
            ELSE review_on END
        WHERE record_class IN ('pre_charge', 'declined')
    """)
    op.execute('ALTER TABLE cases FORCE ROW LEVEL SECURITY')
    for name, rule in CONSTRAINTS.items():
        op.execute(f'ALTER TABLE cases ADD CONSTRAINT ck_cases_{name} CHECK ({rule})')
    op.execute(STAGES_STAY)
    op.execute(
        'CREATE TRIGGER stages_stay BEFORE UPDATE ON cases FOR EACH ROW'
        ' WHEN (NEW.stages IS DISTINCT FROM OLD.stages) EXECUTE FUNCTION keep_stages()'
    )
    op.create_table('summary_readings',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('office_id', sa.BigInteger(), nullable=False),
        sa.Column('digest', sa.LargeBinary(), nullable=False),
        sa.Column('forms', postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column('reason', sa.String(), nullable=False),
        sa.Column('asked_by', sa.String(), nullable=False),
        sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('read_by', sa.String(), nullable=True),
        sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint('read_by <> asked_by', name=op.f('ck_summary_readings_two_persons')),
        sa.CheckConstraint('(read_at IS NULL) = (read_by IS NULL)', name=op.f('ck_summary_readings_read')),
        sa.CheckConstraint("reason <> ''", name=op.f('ck_summary_readings_reason')),
        sa.ForeignKeyConstraint(['office_id'], ['offices.id'], name=op.f('fk_summary_readings_office_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_summary_readings')),
    )
    op.create_index('ix_summary_readings_office_id_digest', 'summary_readings', ['office_id', 'digest'])
    op.create_table('corrections',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('case_id', sa.BigInteger(), nullable=False),
        sa.Column('asked_for', sa.String(), nullable=False),
        sa.Column('ground', sa.String(), nullable=False),
        sa.Column('asked_by', sa.String(), nullable=False),
        sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('due_on', sa.Date(), nullable=False),
        sa.Column('outcome', sa.String(), nullable=True),
        sa.Column('settled_by', sa.String(), nullable=True),
        sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "asked_for IN ('counsel', 'person', 'own_office', 'other_office')",
            name=op.f('ck_corrections_asked_for')),
        sa.CheckConstraint(
            "ground IN ('not_the_person', 'not_suspected', 'juvenile', 'wrong_data', 'sealed',"
            " 'out_of_date')", name=op.f('ck_corrections_ground')),
        sa.CheckConstraint(
            "outcome IN ('stands', 'changed', 'withdrawn')", name=op.f('ck_corrections_outcome')),
        sa.CheckConstraint(
            '(outcome IS NULL) = (settled_at IS NULL) AND (outcome IS NULL) = (settled_by IS NULL)',
            name=op.f('ck_corrections_settled')),
        sa.CheckConstraint('settled_by <> asked_by', name=op.f('ck_corrections_two_persons')),
        sa.ForeignKeyConstraint(
            ['case_id'], ['cases.id'], name=op.f('fk_corrections_case_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_corrections')),
    )
    op.create_index('ix_corrections_case_id', 'corrections', ['case_id'])
    for table, rules in TABLES.items():
        op.execute(f'ALTER TABLE {table} ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
        for privilege, rows, *left in rules:
            op.execute(f'GRANT {privilege} ON {table} TO joinder_app')
            action = privilege.split()[0]
            reach = f' USING ({rows})' if action != 'INSERT' else ''
            kept = rows if action == 'INSERT' else left[0] if left else None
            check = f' WITH CHECK ({kept})' if kept else ''
            op.execute(
                f'CREATE POLICY app_{action.lower()} ON {table} FOR {action}'
                f' TO joinder_app{reach}{check}'
            )
    op.execute('GRANT SELECT (declined_reason, facts, labels, stages) ON cases TO joinder_ladder')
    # at the end of its list of columns, which is where FROM stands least indented; a downgrade has
    # left them there, empty
    define(r'((,\s+NULL::[a-z ]+ AS (declined_reason|facts|labels|stages))*)\n   FROM ', f',{SHOWN}\n   FROM ')


def define(pattern: str, replacement: str) -> None:
    """Change the view of the ladder in one place; the rest of it stays as it is."""
    view = op.get_bind().scalar(sa.text("SELECT pg_get_viewdef('shown_overlaps'::regclass)"))
    changed, count = re.subn(pattern, replacement, view, count=1)
    assert count == 1
    op.execute('GRANT CREATE ON SCHEMA public TO joinder_ladder')
    op.execute('SET LOCAL ROLE joinder_ladder')
    op.execute(f'CREATE OR REPLACE VIEW shown_overlaps AS {changed}'.replace(':', r'\:'))
    op.execute('SET LOCAL ROLE joinder_owner')
    op.execute('REVOKE CREATE ON SCHEMA public FROM joinder_ladder')


def downgrade() -> None:
    # policies read the view, so its columns stay and are empty; an upgrade puts their content back
    for name in ('declined_reason', 'facts', 'labels', 'stages'):
        define(rf'CASE\s+WHEN [^\n]+ THEN c\.{name}\s+ELSE (NULL::[a-z ]+)\s+END AS {name}', rf'\1 AS {name}')
    op.execute('REVOKE SELECT (declined_reason, facts, labels, stages) ON cases FROM joinder_ladder')
    op.drop_table('corrections')
    op.drop_table('summary_readings')
    op.execute('DROP TRIGGER stages_stay ON cases')
    op.execute('DROP FUNCTION keep_stages()')
    for name in CONSTRAINTS:
        op.execute(f'ALTER TABLE cases DROP CONSTRAINT ck_cases_{name}')
    for name in (*OBJECTS, *('awaits_attestation', 'declined_reason', 'held_at', 'held_by', 'hold_reason')):
        op.drop_column('cases', name)
