from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.cases import ladder
from app.cases.ladder import SeenOverlap
from app.core.db import driver
from app.queues.schemas import QueueCounts, QueueFilter

COUNTED: Final = 1000
"""Overlaps that are looked at to count them; beyond it a count says "or more"."""

_STANDS: Final = (
    "({side}_verdict IS NOT NULL"
    " AND NOT ({side}_verdict = 'not_a_match' AND {side}_verdict_evidence <> evidence))"
)
"""SQL: the verdict of a side that still holds, as `cases.verdicts` says it."""

_OWN, _OTHER = _STANDS.format(side="v.own"), _STANDS.format(side="v.other")
_TURNS: Final = {
    "ours": f" AND NOT {_OWN}",
    "theirs": f" AND {_OWN} AND NOT {_OTHER}",
    "settled": f" AND {_OWN} AND {_OTHER}",
    "all": "",
}

# $5 a cursor, $6 a limit, $7 a band, $8 the number of an own case
_PAGE: Final = (
    " AND ($7::text IS NULL OR v.band = $7) AND ($8::text IS NULL OR v.external_id = $8)"
    " AND v.id < coalesce($5, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)"
    " ORDER BY v.id DESC LIMIT $6"
)
_PAGES: Final = {
    turn: ladder.MARKED.format(page=ladder.VISIBLE + ladder.STANDING + condition + _PAGE)
    for turn, condition in _TURNS.items()
}

# $5 how many are looked at
_COUNTS: Final = f"""
WITH v AS (
  {ladder.VISIBLE + ladder.STANDING} ORDER BY v.id DESC LIMIT $5)
SELECT count(*) FILTER (WHERE NOT {_OWN}) AS ours,
       count(*) FILTER (WHERE {_OWN} AND NOT {_OTHER}) AS theirs,
       count(*) FILTER (WHERE {_OWN} AND {_OTHER}) AS settled,
       count(*) AS "all"
FROM v
"""  # noqa: S608 -- constants only; every value is a parameter


async def list_overlaps(
    session: AsyncSession,
    principal: Principal,
    asked: QueueFilter,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[SeenOverlap]:
    """Return a page of the overlaps that the caller may know of and asked for, newest first."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _PAGES[asked.turn],
        *ladder.arguments(principal, now),
        *(before, limit, asked.band, asked.external_id),
    )
    return [ladder.seen(row) for row in rows]


async def count_overlaps(
    session: AsyncSession, principal: Principal, *, now: datetime
) -> QueueCounts:
    """Return how many of the newest `COUNTED` overlaps wait for whom."""
    row = await (await driver(session)).fetchrow(
        _COUNTS, *ladder.arguments(principal, now), COUNTED
    )
    assert row is not None  # noqa: S101 -- an aggregate
    return QueueCounts(**dict(row))
