"""Numbers of transactions that go on rising when a database moves to another server.

The feed, the outbox and recounts go by the number of the transaction that wrote a row
(app/core/models.py). A server counts its own from the beginning: after `pg_restore` what it writes
would have lower numbers than what was restored, before every place that a reader has come to.
"""

from typing import Final

APART: Final = 1 << 32
"""How far beyond the highest restored number it goes on: readers may have come further than what
was dumped."""

_FUNCTIONS: Final = """
CREATE OR REPLACE FUNCTION transaction_number() RETURNS bigint LANGUAGE sql STABLE
RETURN pg_current_xact_id()::text::bigint + {before};
CREATE OR REPLACE FUNCTION transaction_horizon() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_snapshot_xmin(pg_current_snapshot())::text::bigint + {before};
"""


def functions(before: str) -> str:
    """Return the SQL that makes both functions; what other servers counted is in their text."""
    return _FUNCTIONS.format(before=before)


GO_ON: Final = f"""
DO $go_on$
DECLARE
  reached bigint;
BEGIN
  IF to_regprocedure('transaction_number()') IS NULL THEN
    RETURN;
  END IF;
  SET LOCAL ROLE joinder_backup;  -- reads all rows; the owner none
  SELECT max(n.number) INTO reached FROM (
    SELECT max(written_in) AS number FROM events
    UNION ALL SELECT max(written_in) FROM subjects
    UNION ALL SELECT max(until) FROM recounts
    UNION ALL SELECT max(written_in) FROM webhooks
    UNION ALL SELECT max(greatest(read_written_in, mail_written_in)) FROM notice_settings) AS n;
  SET LOCAL ROLE joinder_owner;
  -- what others wrote here since this transaction began is no more than the newest that is known
  IF reached > greatest(transaction_number(), transaction_horizon()
      - pg_snapshot_xmin(pg_current_snapshot())::text::bigint
      + pg_snapshot_xmax(pg_current_snapshot())::text::bigint) THEN
    EXECUTE replace($functions${functions("$before")}$functions$, '$before',
      (reached + {APART} - pg_current_xact_id()::text::bigint)::text);
  END IF;
END $go_on$
"""
"""Lets both go on beyond all numbers that are stored; usually nothing."""
