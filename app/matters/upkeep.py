"""What the registry does to matters by itself: it reminds of their reviews."""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.core.db import driver

# the last review day that has come, if it is one that nobody was reminded of
_REMIND: Final = """
WITH due AS (
  SELECT m.request_id, m.began_on + r.every * (($1::date - m.began_on) / r.every) AS review_on
  FROM matters m
  JOIN handling_requests h ON h.id = m.request_id
  JOIN handling_terms t ON t.request_id = h.id AND t.number = h.agreed_number
  CROSS JOIN LATERAL (SELECT (t.terms ->> 'review_every_days')::int AS every) AS r
  WHERE m.ended_at IS NULL AND $1::date - m.began_on >= r.every
    AND coalesce(m.reminded_on, m.began_on)
      < m.began_on + r.every * (($1::date - m.began_on) / r.every)
  ORDER BY m.request_id LIMIT $2 FOR NO KEY UPDATE OF m SKIP LOCKED),
reminded AS (
  UPDATE matters m SET reminded_on = due.review_on FROM due
  WHERE m.request_id = due.request_id),
told AS (
  INSERT INTO events (office_id, type, request_id)
  SELECT p.office_id, 'matter.review_due', due.request_id
  FROM due JOIN handling_parties p ON p.request_id = due.request_id
  WHERE p.left_at IS NULL AND (p.first_terms = 0 OR p.joined_at IS NOT NULL))
SELECT due.request_id, due.review_on, array_agg(p.office_id) AS offices
FROM due JOIN handling_parties p ON p.request_id = due.request_id
WHERE p.left_at IS NULL AND (p.first_terms = 0 OR p.joined_at IS NOT NULL)
GROUP BY 1, 2
"""


async def remind_of_reviews(
    session: AsyncSession, principal: Principal, *, limit: int, now: datetime
) -> int:
    """Remind the parties of matters that a review is due, once each; returns how many matters.

    Raises:
        MissingScopeError: the caller is not the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    due = await (await driver(session)).fetch(_REMIND, now, limit)
    for row in due:
        await audit.record(
            session,
            principal,
            "matter.review_reminded",
            str(row["request_id"]),
            recipients=row["offices"],
            detail={"review_on": row["review_on"].isoformat()},
        )
    return len(due)
