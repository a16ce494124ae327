"""provenances: a case keeps where its office has names and identifiers from, and takes no other

What comes from victim services or a hotline is refused here too (34 U.S.C. 12291(b)(2)).
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0049"
down_revision: str | Sequence[str] | None = "0048"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # what was posted before is not known, and stays empty until it is posted otherwise
    op.execute(
        "ALTER TABLE cases ADD COLUMN provenances TEXT[] NOT NULL DEFAULT '{}',"
        ' ADD CONSTRAINT ck_cases_provenances CHECK (provenances <@'
        " ARRAY['police_report', 'court_filing', 'own_investigation'])"
    )


def downgrade() -> None:
    op.drop_column('cases', 'provenances')
