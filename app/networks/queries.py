"""The only module that selects for networks: own cases behind another office's, by the ladder."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.cases import ladder
from app.core.db import driver

# $1 to $4 the ladder's, $5 other offices' cases, $6 own cases that are known, $7 how many
_AROUND: Final = f"""
SELECT DISTINCT f.case_id FROM unnest($5::bigint[]) AS shared (id)
CROSS JOIN LATERAL overlaps_with(shared.id) AS o (id)
CROSS JOIN LATERAL ({ladder.VISIBLE + ladder.STANDING} AND v.id = o.id) AS f
WHERE f.rung >= {ladder.SUMMARY:d} AND f.case_id <> ALL ($6::bigint[])
ORDER BY f.case_id LIMIT $7
"""  # noqa: S608 -- constants only; every value is a parameter


async def list_cases_around(
    session: AsyncSession,
    principal: Principal,
    shared: Collection[int],
    known: Collection[int],
    *,
    limit: int,
    now: datetime,
) -> list[int]:
    """Return the caller's own cases that overlap with `shared` ones, other than `known` ones.

    Only by overlaps that show the other office's summary: who sees less of one may not know that
    it is with the same case.
    """
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _AROUND, *ladder.arguments(principal, now), list(shared), list(known), limit
    )
    return [row["case_id"] for row in rows]
