"""The only module that selects second looks; each is read through the ladder, with its overlap."""

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.cases import ladder
from app.core.db import driver
from app.second_looks.errors import SecondLookNotFoundError

# $1 to $4 the ladder's
_LOOK: Final = """
SELECT v.*, k.id AS look_id, k.version AS look_version, k.state AS look_state, k.outcome,
  k.asked_at, k.acknowledged_at, k.closed_at, k.office_id = $1 AS is_own
"""
_OWN: Final = f"""
{_LOOK} FROM second_looks k
CROSS JOIN LATERAL ({ladder.VISIBLE + ladder.STANDING} AND v.id = k.overlap_id) AS v
WHERE k.office_id = $1
"""
# that the other side declined its case is part of its summary
_OTHERS: Final = f"""
{_LOOK} FROM ({ladder.VISIBLE + ladder.STANDING}) AS v
JOIN second_looks k ON k.overlap_id = v.id AND k.office_id = v.other_office_id
WHERE v.rung >= {ladder.SUMMARY:d}
"""

_BEFORE: Final = (
    " AND k.id < coalesce($5, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)"
    " ORDER BY k.id DESC LIMIT $6"
)
_PAGES: Final = {
    "own": ladder.MARKED.format(page=_OWN + _BEFORE),
    "other": ladder.MARKED.format(page=_OTHERS + _BEFORE),
}
_ONE: Final = _OWN + " AND k.id = $5"
# the version as it stood before the wait for the lock, if there was one
_LOCK: Final = """
SELECT (SELECT s.version FROM second_looks s WHERE s.id = $2) AS version
FROM second_looks WHERE office_id = $1 AND id = $2 FOR NO KEY UPDATE
"""

# overlaps that came, or rest on other evidence, after the case was declined; once for each such
# evidence, and others' locks are skipped
_NEW: Final = f"""
SELECT v.id, v.stands_since FROM ({ladder.VISIBLE + ladder.STANDING}) AS v
JOIN cases own ON own.id = v.case_id AND own.record_class = 'declined'
JOIN overlap_sides side ON side.office_id = v.office_id AND side.overlap_id = v.id
WHERE v.stands_since > own.declined_at
  AND NOT EXISTS (SELECT FROM second_looks k
                  WHERE k.overlap_id = v.id AND k.office_id = v.office_id
                    AND coalesce(k.stands_since, k.asked_at) >= v.stands_since)
ORDER BY v.id LIMIT $5
FOR NO KEY UPDATE OF side SKIP LOCKED
"""  # noqa: S608 -- as above


async def list_looks(
    session: AsyncSession,
    principal: Principal,
    whose: str,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[asyncpg.Record]:
    """Return a page of second looks at `own` cases or `other` sides', newest first."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _PAGES[whose], *ladder.arguments(principal, now), before, limit
    )
    return rows


async def lock_look(
    session: AsyncSession, principal: Principal, look_id: UUID | None, *, now: datetime
) -> tuple[asyncpg.Record, int]:
    """Return a second look that the office is asked for, locked until the transaction ends.

    With it comes its version when it was asked for: another one than the row's if a step was
    waited for.

    Raises:
        SecondLookNotFoundError: absent, another office's, or its overlap is not for the caller.
    """
    connection = await driver(session)
    version = await connection.fetchval(_LOCK, principal.office_id, look_id)
    judge = Permission.OVERLAPS_JUDGE
    row: asyncpg.Record | None = await connection.fetchrow(
        _ONE, *ladder.arguments(principal, now, judge), look_id
    )
    if row is None:
        raise SecondLookNotFoundError
    return row, version


async def lock_new(
    session: AsyncSession, principal: Principal, *, limit: int, now: datetime
) -> list[tuple[UUID, datetime]]:
    """Return overlaps of the office's declined cases that no second look was asked for, locked.

    Each with the instant since when it rests on its evidence.
    """
    rows = await (await driver(session)).fetch(_NEW, *ladder.arguments(principal, now), limit)
    return [(row["id"], row["stands_since"]) for row in rows]
