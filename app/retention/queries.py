"""Which cases must leave, one at a time; run for the operator, who reads keys and dates alone.

A legal hold keeps a case as it is; matched with nothing, it has nothing to leave.
"""

from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

import asyncpg

Connection = asyncpg.Connection

SHOWN_FOR: Final = timedelta(days=90)
"""How long an office that had seen an overlap may read that it was retracted (cases/ladder.py)."""

# 28 CFR 23.20(h): nothing is kept longer than five years without a review
_IS_OVER: Final = "least(c.withdrawn_at + $1, c.validated_on + interval '5 years') <= $2"
_NOT_STUCK: Final = """
NOT EXISTS (SELECT FROM stuck_cases s WHERE s.case_id = c.id
            AND (s.attempts >= $3 OR s.tried_at >= $2))
"""

# who is posting the case keeps it from being looked at, and may be reviewing it
_EXPIRED: Final = f"""
SELECT c.id, c.office_id FROM cases c
WHERE c.withdrawn_at IS NULL AND c.held_at IS NULL AND c.review_on < $1::date AND {_NOT_STUCK}
  AND ($4::bigint IS NULL OR c.office_id = $4)
ORDER BY c.review_on, c.id LIMIT 1 FOR NO KEY UPDATE OF c SKIP LOCKED
"""  # noqa: S608 -- constants only; every value is a parameter

# the record of joint handling is all its parties': where there is one, no case of it goes
_OVER: Final = f"""
SELECT c.id, c.office_id,
       CASE WHEN c.review_on < c.withdrawn_at::date THEN 'review_passed' ELSE 'withdrawn' END
FROM cases c
WHERE c.withdrawn_at IS NOT NULL AND c.held_at IS NULL AND {_IS_OVER} AND {_NOT_STUCK}
  AND ($4::bigint IS NULL OR c.office_id = $4)
  AND NOT EXISTS (SELECT FROM handling_parties p JOIN handling_requests h ON h.id = p.request_id
                  WHERE c.id IN (p.case_id, p.requester_case_id)
                    AND (h.ended_at IS NULL OR h.agreed_number IS NOT NULL))
ORDER BY c.withdrawn_at, c.id LIMIT 1 FOR UPDATE OF c SKIP LOCKED
"""  # noqa: S608 -- as above

_REF: Final = "SELECT source_system, external_id FROM cases WHERE id = $1"

_PURGE: Final = """
WITH asked AS (
  DELETE FROM handling_requests h USING handling_parties p
  WHERE p.request_id = h.id AND $1 IN (p.case_id, p.requester_case_id)),
gone AS (DELETE FROM cases WHERE id = $1 RETURNING id)
INSERT INTO purged_cases (case_id, office_id, reason, purged_at) SELECT id, $2, $3, $4 FROM gone
"""

_NOTE_STUCK: Final = """
INSERT INTO stuck_cases AS s (case_id, attempts, error, tried_at) VALUES ($1, 1, $2, $3)
ON CONFLICT (case_id) DO UPDATE
SET attempts = s.attempts + 1, error = excluded.error, tried_at = excluded.tried_at
RETURNING attempts
"""

_TELL: Final = "INSERT INTO events (office_id, type, case_id) VALUES ($1, $2, $3)"


class Leaving(NamedTuple):
    """A case that must leave, with its row locked."""

    id: int
    office_id: int
    reason: str = "review_passed"


async def get_expired(
    connection: Connection, *, today: date, now: datetime, attempts: int, office_id: int | None
) -> Leaving | None:
    """Return a case whose review date has passed, locked; None when there is none.

    Left out are those that a step failed at `attempts` times, or since `now`, and those in use.
    """
    row = await connection.fetchrow(_EXPIRED, today, now, attempts, office_id)
    return Leaving(*row) if row else None


async def get_over(
    connection: Connection, *, now: datetime, attempts: int, office_id: int | None
) -> Leaving | None:
    """Return a case that left matching long enough ago, locked; None when there is none."""
    row = await connection.fetchrow(_OVER, SHOWN_FOR, now, attempts, office_id)
    return Leaving(*row) if row else None


async def get_ref(connection: Connection, case_id: int) -> tuple[str, str]:
    """Return source system and external id of a case of the office that acts."""
    row = await connection.fetchrow(_REF, case_id)
    assert row is not None  # noqa: S101 -- the caller holds the row
    return row[0], row[1]


async def purge(connection: Connection, case: Leaving, *, now: datetime) -> None:
    """Delete a case and all that refers to it; what stays is its tombstone."""
    await connection.execute(_PURGE, case.id, case.office_id, case.reason, now)


async def note_stuck(connection: Connection, case_id: int, error: str, *, now: datetime) -> int:
    """Note that a step failed at a case; return how often that has happened."""
    attempts: int = await connection.fetchval(_NOTE_STUCK, case_id, error, now)
    return attempts


async def tell(connection: Connection, case: Leaving, kind: str) -> None:
    """Write an event about its own case for the office."""
    await connection.execute(_TELL, case.office_id, kind, case.id)
