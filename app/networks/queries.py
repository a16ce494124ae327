"""The only module that selects networks: recursive, bounded, and each step through the ladder."""

from datetime import datetime
from typing import Final

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.cases import ladder
from app.core.db import driver

DEPTH: Final = 3
"""How many shared counterparts the network reaches over."""
CASES: Final = 50
"""Own cases in one network at most, the nearest."""
EDGES: Final = 20
"""Overlaps of one case at most, the strongest."""

# $1 to $4 the ladder's, $5 the own case, $6 the depth, $7 how many cases, $8 how many of each.
# From one own case to the next it goes over another office's case whose summary both overlaps
# show: only who sees that may know that they are one. Each level takes so many and no more.
_NETWORK: Final = f"""
WITH RECURSIVE reached (case_id, distance) AS (
  SELECT $5::bigint, 0
  UNION
  SELECT level.case_id, level.distance FROM (
    SELECT DISTINCT far.case_id, r.distance + 1 AS distance
    FROM reached r
    CROSS JOIN LATERAL (
      SELECT n.other_case_id
      FROM ({ladder.VISIBLE + ladder.STANDING} AND v.case_id = r.case_id) AS n
      WHERE n.rung >= {ladder.SUMMARY:d} ORDER BY n.strength DESC, n.id LIMIT $8) AS near
    CROSS JOIN LATERAL (
      SELECT f.case_id FROM overlaps_with(near.other_case_id) AS o (id)
      CROSS JOIN LATERAL ({ladder.VISIBLE + ladder.STANDING} AND v.id = o.id) AS f
      WHERE f.rung >= {ladder.SUMMARY:d} ORDER BY f.strength DESC, f.id LIMIT $8) AS far
    WHERE r.distance < $6
    ORDER BY far.case_id LIMIT $7) AS level),
chosen AS (
  SELECT case_id, min(distance) AS distance FROM reached
  GROUP BY case_id ORDER BY 2, 1 LIMIT $7),
edges AS MATERIALIZED (
  SELECT c.distance, e.* FROM chosen c CROSS JOIN LATERAL (
    {ladder.VISIBLE + ladder.STANDING} AND v.case_id = c.case_id
    ORDER BY v.strength DESC, v.id LIMIT $8) AS e),
marked AS (
  SELECT mark_seen(array_agg(id), $2) FROM edges WHERE seen_at IS NULL HAVING count(*) > 0)
SELECT * FROM edges WHERE (SELECT count(*) FROM marked) IS NOT NULL
ORDER BY distance, case_id, strength DESC, id
"""  # noqa: S608 -- constants only; every value is a parameter


async def list_edges(
    session: AsyncSession, principal: Principal, case_id: int, *, now: datetime
) -> list[asyncpg.Record]:
    """Return the overlaps around one of the caller's own cases, the nearest and strongest first.

    One more case than `CASES` and one more edge of a case than `EDGES` say that there are more.
    """
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _NETWORK, *ladder.arguments(principal, now), case_id, DEPTH, CASES + 1, EDGES + 1
    )
    return rows
