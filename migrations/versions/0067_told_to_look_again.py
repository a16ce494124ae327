"""told to look again: an office is told when a case that it declined asks for a second look"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import forget_events

revision: str = "0067"
down_revision: str | Sequence[str] | None = "0066"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TELL = """
CREATE FUNCTION tell_to_look_again() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO public.events (office_id, type, overlap_id)
  VALUES (NEW.office_id, 'overlap.second_look', NEW.overlap_id);
  RETURN NULL;
END
$function$
"""


def upgrade() -> None:
    op.execute("GRANT CREATE ON SCHEMA public TO joinder_ladder")
    op.execute(TELL)
    op.execute(
        "CREATE TRIGGER told AFTER INSERT ON second_looks"
        " FOR EACH ROW EXECUTE FUNCTION tell_to_look_again()"
    )
    op.execute("ALTER FUNCTION tell_to_look_again() OWNER TO joinder_ladder")
    op.execute("REVOKE CREATE ON SCHEMA public FROM joinder_ladder")


def downgrade() -> None:
    op.execute("DROP TRIGGER told ON second_looks")
    op.execute("SET LOCAL ROLE joinder_ladder")
    op.execute("DROP FUNCTION tell_to_look_again()")
    op.execute("SET LOCAL ROLE joinder_owner")
    forget_events("overlap.second_look")
