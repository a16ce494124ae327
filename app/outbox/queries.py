"""The one machine of what is to be told: it waits, one worker claims it, and it ends for good.

Messages of webhooks and mails have tables of their own, which are written, claimed and rendered
each in its own way. What becomes of a row is the same: `waiting` until it is `delivered`, `dead`
(given up after a bound) or `withheld` (there is nothing to tell any more).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import driver

# who comes late with a failure has lost its claim to another; that it arrived is true whenever
_SETTLE: Final = """
UPDATE {table} SET state = $3, due_at = $4, error = $5, claimed_until = NULL{status}
WHERE id = $1 AND state = 'waiting' AND (attempts = $2 OR $3 = 'delivered')
RETURNING id
"""
_STATUS: Final = ", status = $6"
# one that was late before it was given up is told once more
_ALARM: Final = """
UPDATE {table} SET alarmed_at = greatest(due_at, :now) WHERE id IN (
  SELECT id FROM {table} WHERE (
    state = 'dead' AND (alarmed_at IS NULL OR alarmed_at < due_at)
    OR state = 'waiting' AND alarmed_at IS NULL AND due_at <= :late AND {moving})
  AND (CAST(:office AS bigint) IS NULL OR office_id = :office)
  ORDER BY due_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)
RETURNING office_id, state
"""
_FORGET: Final = """
DELETE FROM {table} WHERE id IN (
  SELECT id FROM {table} WHERE state <> 'waiting' AND due_at <= :before
  AND (CAST(:office AS bigint) IS NULL OR office_id = :office)
  ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED)
RETURNING id
"""
_HEALTH: Final = """
SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting,
  min(due_at) FILTER (WHERE state = 'waiting' AND {moving}) AS oldest_due_at,
  count(*) FILTER (WHERE state = 'dead') AS dead
FROM {table}
"""


@dataclass(frozen=True)
class Outbox:
    """A table of what is to be told."""

    name: str
    """Of its rows, one; the noun of its audit actions."""
    table: str
    moving: str
    """SQL: whether a row should move; what waits because somebody wants it to is not late."""
    has_status: bool = False
    """Whether it keeps a number that the receiver answered."""

    def sql(self, statement: str) -> str:
        """Return a statement about this table."""
        status = _STATUS if self.has_status else ""
        return statement.format(table=self.table, moving=self.moving, status=status)


async def settle(
    session: AsyncSession,
    outbox: Outbox,
    row: asyncpg.Record,
    state: str,
    *,
    at: datetime,
    error: str | None = None,
    status: int | None = None,
) -> bool:
    """Write how an attempt went: settled, or waiting until `at`; False when another has the row."""
    values = [row["id"], row["attempts"], state, at, error]
    values += [status] if outbox.has_status else []
    return await (await driver(session)).fetchval(outbox.sql(_SETTLE), *values) is not None


async def alarm(
    session: AsyncSession,
    outbox: Outbox,
    *,
    now: datetime,
    late: datetime,
    limit: int,
    office_id: int | None,
) -> Sequence[RowMapping]:
    """Mark what was given up, or was due before `late`, once each; return office and state."""
    values: dict[str, Any] = {"now": now, "late": late, "limit": limit, "office": office_id}
    return (await session.execute(text(outbox.sql(_ALARM)), values)).mappings().all()


async def forget(
    session: AsyncSession, outbox: Outbox, *, before: datetime, limit: int, office_id: int | None
) -> int:
    """Delete what was settled before then; return how many."""
    values = {"before": before, "limit": limit, "office": office_id}
    return len((await session.execute(text(outbox.sql(_FORGET)), values)).all())


async def get_health(session: AsyncSession, outbox: Outbox) -> RowMapping:
    """Return how many wait, since when the oldest is due that should move, and how many died."""
    return (await session.execute(text(outbox.sql(_HEALTH)))).mappings().one()
