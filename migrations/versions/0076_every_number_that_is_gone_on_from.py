"""every number that is gone on from is asked for after a restore, and none is kept that says nothing"""

from collections.abc import Sequence

from alembic import op

revision: str = "0076"
down_revision: str | Sequence[str] | None = "0075"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SEEN = {"subjects": "written_in", "recounts": "until", "notice_settings": "read_written_in"}
NEW_POLICIES = ("subjects", "recounts")

# $next is the number that the next transaction will have: rows are of one before, and places, up to
# which was read, may be there already
IS_NUMBERED_ON = """
CREATE OR REPLACE FUNCTION is_numbered_on() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN NOT EXISTS (SELECT FROM ({stored}) AS stored
    WHERE stored.number > public.transaction_horizon()
      - pg_snapshot_xmin(pg_current_snapshot())::text::bigint
      + pg_snapshot_xmax(pg_current_snapshot())::text::bigint);
END
$function$
"""
EVENTS = (
    "(SELECT e.written_in + 1 AS number FROM public.events e ORDER BY e.number DESC LIMIT 1)"
)
ALL = f"""{EVENTS}
    UNION ALL SELECT max(s.written_in) + 1 FROM public.subjects s
    UNION ALL SELECT max(r.until) FROM public.recounts r
    UNION ALL SELECT max(w.written_in) FROM public.webhooks w
    UNION ALL SELECT max(greatest(n.read_written_in, n.mail_written_in))
      FROM public.notice_settings n"""

# of what was mailed the transaction is known, and never the row within it
MAILED = ("(e.written_in, e.number) > (s.mail_written_in, s.mail_number)",
          "e.written_in >= s.mail_written_in")
REPLACE = """
DO $$
BEGIN
  EXECUTE replace(pg_get_functiondef('public.offices_to_mail(timestamptz)'::regprocedure),
    '{old}', '{new}');
END $$
"""


def upgrade() -> None:
    for table, column in SEEN.items():
        op.execute(f"GRANT SELECT ({column}) ON {table} TO joinder_ladder")
    for table in NEW_POLICIES:
        op.execute(
            f"CREATE POLICY ladder_select ON {table} FOR SELECT TO joinder_ladder USING (true)"
        )
    _as_ladder(IS_NUMBERED_ON.format(stored=ALL), REPLACE.format(old=MAILED[0], new=MAILED[1]))
    op.execute("ALTER TABLE notice_settings DROP COLUMN mail_number")


def downgrade() -> None:
    op.execute("ALTER TABLE notice_settings ADD COLUMN mail_number bigint NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE notice_settings ALTER mail_number DROP DEFAULT")
    op.execute("GRANT UPDATE (mail_number) ON notice_settings TO joinder_app")
    op.execute("GRANT SELECT (mail_number) ON notice_settings TO joinder_ladder")
    _as_ladder(IS_NUMBERED_ON.format(stored=EVENTS), REPLACE.format(old=MAILED[1], new=MAILED[0]))
    for table in NEW_POLICIES:
        op.execute(f"DROP POLICY ladder_select ON {table}")
    for table, column in SEEN.items():
        op.execute(f"REVOKE SELECT ({column}) ON {table} FROM joinder_ladder")


def _as_ladder(*statements: str) -> None:
    op.execute("GRANT CREATE ON SCHEMA public TO joinder_ladder")
    op.execute("SET LOCAL ROLE joinder_ladder")
    for each in statements:
        op.execute(each)
    op.execute("SET LOCAL ROLE joinder_owner")
    op.execute("REVOKE CREATE ON SCHEMA public FROM joinder_ladder")
