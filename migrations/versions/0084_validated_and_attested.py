"""validated and attested: no case is validated on a day to come or begins to wait for attestation

A day to come would put the review of a case off for ever. What waits for an attestation is what
releases before 0011 took; nothing else does.
"""

from collections.abc import Sequence

from alembic import op

from migrations.guarding import unforced

revision: str = "0084"
down_revision: str | Sequence[str] | None = "0083"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# what holds once holds for ever, so that a dump can be restored; a clock may be a day off
BY_NOW = "validated_on <= (now() AT TIME ZONE 'UTC')::date + 1"
# an earlier release took days to come: such a case was validated today at the latest
BRING_BACK = """
UPDATE cases SET validated_on = t.day,
  review_on = least(review_on, (t.day + CASE record_class
    WHEN 'declined' THEN interval '1 year' ELSE interval '5 years' END)::date),
  attestation = CASE WHEN attestation ->> 'attested_on' > to_char(t.day, 'YYYY-MM-DD')
    THEN jsonb_set(attestation, '{attested_on}', to_jsonb(t.day)) ELSE attestation END
FROM (SELECT (now() AT TIME ZONE 'UTC')::date AS day) AS t WHERE validated_on > t.day + 1
"""
REFUSE = """
CREATE FUNCTION refuse_to_wait() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RAISE EXCEPTION 'only what an earlier release took waits for an attestation'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_cases_attestation', TABLE = 'cases';
END
$function$
"""


def upgrade() -> None:
    with unforced("cases"):
        op.execute(BRING_BACK)
    op.execute(f"ALTER TABLE cases ADD CONSTRAINT ck_cases_validated_on CHECK ({BY_NOW})")
    op.execute(REFUSE)
    op.execute(
        "CREATE TRIGGER attested_before BEFORE UPDATE ON cases FOR EACH ROW"
        " WHEN (NEW.awaits_attestation AND NOT OLD.awaits_attestation)"
        " EXECUTE FUNCTION refuse_to_wait()"
    )
    op.execute(
        "CREATE TRIGGER attested_at_once BEFORE INSERT ON cases FOR EACH ROW"
        " WHEN (NEW.awaits_attestation) EXECUTE FUNCTION refuse_to_wait()"
    )


def downgrade() -> None:
    for trigger in ("attested_at_once", "attested_before"):
        op.execute(f"DROP TRIGGER {trigger} ON cases")
    op.execute("DROP FUNCTION refuse_to_wait()")
    op.execute("ALTER TABLE cases DROP CONSTRAINT ck_cases_validated_on")
