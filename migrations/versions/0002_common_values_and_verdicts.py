"""common values, verdicts, withdrawal"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
revision: str = '0002'
down_revision: str | Sequence[str] | None = '0001'
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NO = sa.text('false')


def upgrade() -> None:
    op.add_column('cases', sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('subjects', sa.Column('is_hidden', sa.Boolean(), server_default=NO, nullable=False))
    op.add_column('tokens', sa.Column('hidden_subjects', sa.Integer(), server_default='0', nullable=False))
    op.add_column('tokens', sa.Column('hidden_offices', sa.Integer(), server_default='0', nullable=False))
    op.add_column('tokens', sa.Column('is_common', sa.Boolean(), server_default=NO, nullable=False))
    op.create_index('ix_tokens_common', 'tokens', ['token'], unique=False, postgresql_where=sa.text('is_common'))
    op.create_table('hidden_sightings',
    sa.Column('token', sa.LargeBinary(), nullable=False),
    sa.Column('office_id', sa.Integer(), nullable=False),
    sa.Column('subject_id', sa.BigInteger(), nullable=False),
    sa.Column('alias', sa.SmallInteger(), nullable=False),
    sa.ForeignKeyConstraint(['subject_id'], ['subjects.id'], name=op.f('fk_hidden_sightings_subject_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('token', 'office_id', 'subject_id', 'alias', name=op.f('pk_hidden_sightings'))
    )
    op.create_index('ix_hidden_sightings_subject_id', 'hidden_sightings', ['subject_id'], unique=False)
    op.create_index('ix_common_sightings_office_id_token', 'common_sightings', ['office_id', 'token'], unique=False)
    op.add_column('overlaps', sa.Column('evidence', postgresql.ARRAY(sa.String()), server_default='{}', nullable=False))
    op.add_column('overlaps', sa.Column('retract_reason', sa.String(), nullable=True))
    op.add_column('overlap_sides', sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('overlap_sides', sa.Column('verdict', sa.String(), nullable=True))
    op.add_column('overlap_sides', sa.Column('verdict_reason', sa.String(), nullable=True))
    op.add_column('overlap_sides', sa.Column('verdict_evidence', postgresql.ARRAY(sa.String()), nullable=True))
    op.add_column('overlap_sides', sa.Column('verdict_at', sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f('ck_overlap_sides_verdict'), 'overlap_sides', "verdict IN ('confirmed', 'not_a_match', 'need_information')")
    op.create_check_constraint(op.f('ck_overlap_sides_verdict_reason'), 'overlap_sides', "(verdict IS NOT DISTINCT FROM 'not_a_match') = (verdict_reason IS NOT NULL)")
    op.create_check_constraint(op.f('ck_overlap_sides_verdict_at'), 'overlap_sides', '(verdict IS NULL) = (verdict_at IS NULL) AND (verdict IS NULL) = (verdict_evidence IS NULL)')
    _recount()


def _recount() -> None:
    """Bring what is stored to what this release keeps; idle where nothing is."""
    op.execute("""
        UPDATE subjects s SET is_hidden = true FROM cases c
        WHERE c.id = s.case_id AND c.disclosure = 'silent'""")
    op.execute("""
        WITH moved AS (
          DELETE FROM sightings g USING subjects s WHERE s.id = g.subject_id AND s.is_hidden
          RETURNING g.token, g.office_id, g.subject_id, g.alias)
        INSERT INTO hidden_sightings (token, office_id, subject_id, alias) SELECT * FROM moved""")
    op.execute("""
        WITH held AS (
          SELECT token, is_hidden, count(*) AS offices, sum(least(3, n)) AS subjects FROM (
            SELECT token, office_id, is_hidden, count(DISTINCT subject_id) AS n FROM (
              SELECT token, office_id, subject_id, false AS is_hidden FROM sightings
              UNION ALL SELECT token, office_id, subject_id, true FROM hidden_sightings) AS g
            GROUP BY token, office_id, is_hidden) AS h
          GROUP BY token, is_hidden)
        UPDATE tokens t SET offices = coalesce(v.offices, 0), subjects = coalesce(v.subjects, 0),
          hidden_offices = coalesce(h.offices, 0), hidden_subjects = coalesce(h.subjects, 0)
        FROM tokens o
        LEFT JOIN held v ON v.token = o.token AND NOT v.is_hidden
        LEFT JOIN held h ON h.token = o.token AND h.is_hidden
        WHERE o.token = t.token""")
    op.execute("""
        UPDATE tokens SET is_common = true
        WHERE CASE WHEN kind < 20 THEN offices > 20 OR (subjects > 50 AND offices >= 3)
                   ELSE offices > 10 OR (subjects > 25 AND offices >= 3) END""")
    op.execute("""
        UPDATE "overlaps" SET evidence = coalesce((
          SELECT array_agg(e ORDER BY e COLLATE "C") FROM (
            SELECT k.kind FROM jsonb_array_elements(findings) AS f (finding),
              jsonb_array_elements_text(coalesce(f.finding->'kinds', '[]')) AS k (kind)
            UNION ALL
            SELECT a.name FROM jsonb_array_elements(findings) AS f (finding),
              jsonb_each_text(coalesce(f.finding->'facts', '{}')) AS a (name, level)
            WHERE a.name <> 'shared' AND a.level NOT IN ('differs', 'unknown')) AS x (e)), '{}')""")
    op.execute("""
        UPDATE "overlaps" SET retract_reason = 'evidence_gone' WHERE retracted_at IS NOT NULL""")
    op.create_check_constraint(op.f('ck_overlaps_retract_reason'), 'overlaps', "retract_reason IN ('evidence_gone', 'case_withdrawn')")


def downgrade() -> None:
    op.drop_constraint(op.f('ck_overlaps_retract_reason'), 'overlaps')
    for name in ('verdict_at', 'verdict_reason', 'verdict'):
        op.drop_constraint(op.f(f'ck_overlap_sides_{name}'), 'overlap_sides')
    for name in ('verdict_at', 'verdict_evidence', 'verdict_reason', 'verdict', 'seen_at'):
        op.drop_column('overlap_sides', name)
    for name in ('retract_reason', 'evidence'):
        op.drop_column('overlaps', name)
    op.drop_index('ix_common_sightings_office_id_token', table_name='common_sightings')
    op.execute("INSERT INTO sightings SELECT token, office_id, subject_id, alias FROM hidden_sightings")
    op.drop_table('hidden_sightings')
    op.drop_index('ix_tokens_common', table_name='tokens')
    for name in ('is_common', 'hidden_offices', 'hidden_subjects'):
        op.drop_column('tokens', name)
    op.drop_column('subjects', 'is_hidden')
    op.drop_column('cases', 'withdrawn_at')
