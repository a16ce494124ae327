"""The only module that selects for quick checks: registry rows of tokens, and what may be told."""

from collections.abc import Collection, Sequence
from typing import Final

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.vocabulary import Disclosure, RecordClass, Rung
from app.core.db import driver
from app.epochs.queries import GATE
from app.overlaps.errors import EpochMovedError
from app.overlaps.rows import Holders, Locked

_ENTER: Final = f"SELECT pg_advisory_xact_lock_shared({GATE})"

# a statement of its own after the gate, so that it sees what a switch before it left
_TOKENS: Final = """
SELECT t.token, t.kind, t.offices, t.subjects, t.is_suppressed, e.epoch
FROM key_epochs e LEFT JOIN tokens t ON t.token = ANY($1::bytea[])
WHERE e.state = 'current'
"""

_TOLD: Final = "SELECT case_id, office_id, record_class, disclosure, rung FROM told_cases($1)"

_OFFICES: Final = """
SELECT o.id, o.code, o.name, o.state, o.kind, o.contact_title, o.contact_phone, o.contact_email
FROM offices o WHERE o.id = ANY($1::bigint[])
"""

Told = tuple[int, RecordClass, Disclosure, Rung]
"""Office of a case, what the application judges it by, and the rung that the database allows."""


async def get_tokens(
    session: AsyncSession, tokens: Collection[bytes], *, epoch: int
) -> dict[bytes, Locked]:
    """Return the registry rows of those tokens that anybody holds; nothing is locked but the gate.

    Raises:
        EpochMovedError: `epoch` is not the current one.
    """
    connection = await driver(session)
    await connection.execute(_ENTER)
    rows = await connection.fetch(_TOKENS, list(tokens))
    if rows[0]["epoch"] != epoch:
        raise EpochMovedError
    return {
        row["token"]: Locked(
            row["kind"],
            Holders(row["offices"], row["subjects"]),
            Holders(),
            is_fresh=False,
            is_suppressed=row["is_suppressed"],
        )
        for row in rows
        if row["token"] is not None
    }


async def list_told(session: AsyncSession, case_ids: Sequence[int]) -> dict[int, Told]:
    """Return which of other offices' cases may be told of to the caller, and how far."""
    rows = await (await driver(session)).fetch(_TOLD, list(case_ids))
    return {row[0]: (row[1], row[2], row[3], Rung(row[4])) for row in rows}


async def list_offices(
    session: AsyncSession, office_ids: Collection[int]
) -> dict[int, asyncpg.Record]:
    """Return offices by key, with the contact of each."""
    rows = await (await driver(session)).fetch(_OFFICES, list(office_ids))
    return {row["id"]: row for row in rows}
