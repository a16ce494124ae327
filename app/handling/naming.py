"""Which parties whoever asks is told of beside those that answered: what their overlaps show."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from app.access.principal import Principal
from app.openings.queries import list_named


async def show_parties(
    connection: asyncpg.Connection,
    principal: Principal,
    rows: Sequence[asyncpg.Record],
    *,
    now: datetime,
) -> None:
    """Note of each party (`is_shown`) that the overlap with who asks, the reader, names it.

    What is signed does not say it: the other side may take it back at any time, and the text that
    leadership reads must still be the one that it signs.
    """
    behind = [
        party
        for row in rows
        if row["own_number"] == 1
        for party in row["parties"]
        if party["overlap_id"] and not party["is_named"]
    ]
    if not behind:
        return
    overlaps = [UUID(party["overlap_id"]) for party in behind]
    named = await list_named(connection, principal, overlaps, now=now)
    for party, overlap_id in zip(behind, overlaps, strict=True):
        party["is_shown"] = overlap_id in named
