"""reminders are told: an office of what is late and of who was told since, a mediator that one waits

Nobody was told of a reminder but who looked for it.
"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import forget_events, unforced

revision: str = "0068"
down_revision: str | Sequence[str] | None = "0067"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ABOUT = """
ALTER TABLE events DROP CONSTRAINT ck_events_about,
  ADD CONSTRAINT ck_events_about
  CHECK (num_nonnulls(overlap_id, case_id, request_id, question_id) = 1
    OR num_nonnulls(overlap_id, case_id, request_id, question_id) = 0
      AND split_part(type, '.', 1)
      IN ('participation', 'commitment', 'handling', 'credential', 'alarm'{more}))
"""
TOLD = {
    "tell_what_is_late": (
        "reminders",
        """
  INSERT INTO public.events (office_id, type, overlap_id)
  VALUES (NEW.office_id, CASE NEW.level WHEN 'reminder' THEN 'overlap.overdue'
                         ELSE 'overlap.escalated' END, NEW.overlap_id);""",
    ),
    "tell_the_mediator": (
        "mediations",
        """
  INSERT INTO public.events (office_id, type)
  VALUES (NEW.mediator_office_id, 'mediation.asked');""",
    ),
}
TELL = """
CREATE FUNCTION {name}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN{body}
  RETURN NULL;
END
$function$
"""


def upgrade() -> None:
    with unforced("events"):
        op.execute(ABOUT.format(more=", 'mediation'"))
    op.execute("GRANT CREATE ON SCHEMA public TO joinder_ladder")
    for name, (table, body) in TOLD.items():
        op.execute(TELL.format(name=name, body=body))
        op.execute(
            f"CREATE TRIGGER told AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
        )
        op.execute(f"ALTER FUNCTION {name}() OWNER TO joinder_ladder")
    op.execute("REVOKE CREATE ON SCHEMA public FROM joinder_ladder")
    op.execute("DROP POLICY jobs_update ON reminders")
    op.execute("REVOKE UPDATE (told_at) ON reminders FROM joinder_jobs")


def downgrade() -> None:
    op.execute("GRANT UPDATE (told_at) ON reminders TO joinder_jobs")
    op.execute(
        "CREATE POLICY jobs_update ON reminders FOR UPDATE TO joinder_jobs"
        " USING (true) WITH CHECK (true)"
    )
    for name, (table, _) in TOLD.items():
        op.execute(f"DROP TRIGGER told ON {table}")
        op.execute("SET LOCAL ROLE joinder_ladder")
        op.execute(f"DROP FUNCTION {name}()")
        op.execute("SET LOCAL ROLE joinder_owner")
    forget_events("overlap.overdue", "overlap.escalated", "mediation.asked")
    with unforced("events"):
        op.execute(ABOUT.format(more=""))
