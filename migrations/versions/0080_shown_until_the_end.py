"""shown until the end: what an agreement shows ends on its last day, whenever the night comes

The night that marks it as expired ends its grants, too; until then the view leaves them out, and
the next agreement about the same finds no open one in its way.
"""

import re
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0080"
down_revision: str | Sequence[str] | None = "0079"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STANDS = "g.revoked_at IS NULL"
IN_TIME = """(g.request_id IS NULL OR NOT (EXISTS ( SELECT
  FROM matters m WHERE m.request_id = g.request_id AND m.ends_on <= current_day())))"""

LATE = r"\(\((g\.revoked_at IS NULL)\) AND \(\(g\.request_id IS NULL\).*?current_day\(\)\)+ AND"

CLEAR_WAY = """
CREATE FUNCTION clear_way() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  UPDATE public.handling_parties p SET open_as = NULL
  FROM public.handling_parties q, public.matters m
  WHERE q.request_id = NEW.id AND p.open_as = 'agreement'
    AND (p.overlap_id = q.overlap_id
      OR p.overlap_id IS NULL AND q.overlap_id IS NULL
        AND p.requester_case_id = q.requester_case_id AND p.office_id = q.office_id)
    AND m.request_id = p.request_id AND m.ends_on <= public.current_day();
  RETURN NEW;
END
$function$
"""
BEFORE_SENT = (
    "CREATE TRIGGER clear_way BEFORE UPDATE OF sent_at ON handling_requests FOR EACH ROW"
    " WHEN (OLD.sent_at IS NULL AND NEW.sent_at IS NOT NULL) EXECUTE FUNCTION clear_way()"
)


def upgrade() -> None:
    view, count = re.subn(rf"\b{STANDS}", f"{STANDS} AND {IN_TIME}", _view())
    assert count == 1, count
    _replace(view)
    op.execute("GRANT CREATE ON SCHEMA public TO joinder_ladder")
    op.execute(CLEAR_WAY)
    op.execute(BEFORE_SENT)
    op.execute("ALTER FUNCTION clear_way() OWNER TO joinder_ladder")
    op.execute("REVOKE CREATE ON SCHEMA public FROM joinder_ladder")


def downgrade() -> None:
    op.execute("DROP TRIGGER clear_way ON handling_requests")
    op.execute("SET LOCAL ROLE joinder_ladder")
    op.execute("DROP FUNCTION clear_way()")
    op.execute("SET LOCAL ROLE joinder_owner")
    # as PostgreSQL writes it by now, with parentheses around each part
    view, count = re.subn(LATE, r"(\1) AND", _view(), flags=re.DOTALL)
    assert count == 1, count
    _replace(view)


def _view() -> str:
    asked = sa.text("SELECT pg_get_viewdef('shown_overlaps'::regclass)")
    found: str = op.get_bind().scalar(asked)
    return found


def _replace(view: str) -> None:
    op.execute("GRANT CREATE ON SCHEMA public TO joinder_ladder")
    op.execute("SET LOCAL ROLE joinder_ladder")
    op.execute(f"CREATE OR REPLACE VIEW shown_overlaps AS {view}".replace(":", r"\:"))
    op.execute("SET LOCAL ROLE joinder_owner")
    op.execute("REVOKE CREATE ON SCHEMA public FROM joinder_ladder")
