from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from app.access.vocabulary import Rung
from app.cases.vocabulary import ReadReason

_OPEN: Final = "SELECT open_overlap($1, $2, $3, $4)"


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
