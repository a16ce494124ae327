"""hits to disclose: somebody of an office says that an overlap may have to be disclosed

The office is told once, and no other reads it.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.guarding import OWN, forget_events, guard

revision: str = "0065"
down_revision: str | Sequence[str] | None = "0064"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

RULES = [
    ("app", "SELECT", OWN),
    ("app", "INSERT", f"{OWN} AND is_shown(overlap_id)"),
]
TELL = """
CREATE FUNCTION tell_to_disclose() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO public.events (office_id, type, overlap_id)
  VALUES (NEW.office_id, 'overlap.disclosure_asked', NEW.overlap_id);
  RETURN NULL;
END
$function$
"""


def upgrade() -> None:
    op.create_table(
        "disclosure_flags",
        sa.Column("office_id", sa.BigInteger(), nullable=False),
        sa.Column("overlap_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["office_id"], ["offices.id"], name=op.f("fk_disclosure_flags_office_id")
        ),
        sa.ForeignKeyConstraint(
            ["overlap_id"],
            ["overlaps.id"],
            name=op.f("fk_disclosure_flags_overlap_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("office_id", "overlap_id", name=op.f("pk_disclosure_flags")),
    )
    op.create_index("ix_disclosure_flags_overlap_id", "disclosure_flags", ["overlap_id"])
    guard("disclosure_flags", RULES)
    op.execute("GRANT CREATE ON SCHEMA public TO joinder_ladder")
    op.execute(TELL)
    op.execute(
        "CREATE TRIGGER told AFTER INSERT ON disclosure_flags"
        " FOR EACH ROW EXECUTE FUNCTION tell_to_disclose()"
    )
    op.execute("ALTER FUNCTION tell_to_disclose() OWNER TO joinder_ladder")
    op.execute("REVOKE CREATE ON SCHEMA public FROM joinder_ladder")


def downgrade() -> None:
    op.execute("DROP TRIGGER told ON disclosure_flags")
    op.execute("SET LOCAL ROLE joinder_ladder")
    op.execute("DROP FUNCTION tell_to_disclose()")
    op.execute("SET LOCAL ROLE joinder_owner")
    op.drop_table("disclosure_flags")
    forget_events("overlap.disclosure_asked")
