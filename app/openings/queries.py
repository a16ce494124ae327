from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from app.access.principal import Principal
from app.access.vocabulary import Rung
from app.cases import ladder
from app.cases.vocabulary import ReadReason

_OPEN: Final = "SELECT open_overlap($1, $2, $3, $4)"
# $1 to $4 the ladder's, $5 overlaps
_NAMED: Final = f"""{ladder.VISIBLE}{ladder.STANDING} AND v.id = ANY ($5::uuid[])
  AND least(v.reached, l.rung) >= {ladder.CONTACT:d}
"""


async def open_overlap(
    connection: asyncpg.Connection,
    overlap_id: UUID,
    rung: Rung,
    reason: ReadReason,
    *,
    now: datetime,
) -> bool:
    """Count a reading and write the line of the other office's log, or neither and return False.

    The database does both, so that nothing shows what another case is about uncounted.
    """
    return bool(await connection.fetchval(_OPEN, overlap_id, rung, reason, now))


async def list_named(
    connection: asyncpg.Connection, principal: Principal, overlaps: Sequence[UUID], *, now: datetime
) -> set[UUID]:
    """Return those of the overlaps that show the caller which office is on the other side."""
    rows = await connection.fetch(_NAMED, *ladder.arguments(principal, now), overlaps)
    return {row["id"] for row in rows}
