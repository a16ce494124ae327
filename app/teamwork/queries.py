"""SQL of matters: who may know of one, and what its parties wrote about it."""

from datetime import date
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import driver

"""SQL condition: the caller's office is a party (`me`) of the request `h`, and may know of it.

Before it was sent only who asks does; never who is walled from one of its cases, and nobody once
all others, or it, take part no longer.
"""

"""SQL condition: the caller is told which office the party `q` is."""

_MEMBERS: Final = """
SELECT m.*, o.code, o.name AS office_name FROM matter_members m JOIN offices o ON o.id = m.office_id
WHERE m.request_id = $1 AND ($2::uuid IS NULL OR m.id > $2) ORDER BY m.id LIMIT $3
"""
_TASKS: Final = """
SELECT t.*, o.code FROM matter_tasks t JOIN offices o ON o.id = t.office_id
WHERE t.request_id = $1 AND ($2::uuid IS NULL OR t.id > $2) ORDER BY t.id LIMIT $3
"""
_NOTES: Final = """
SELECT n.*, o.code FROM matter_notes n JOIN offices o ON o.id = n.office_id
WHERE n.request_id = $1 AND ($2::uuid IS NULL OR n.id < $2) ORDER BY n.id DESC LIMIT $3
"""


# what first brought the overlap to the office, and every disclosure and act since
async def list_members(
    session: AsyncSession, key: UUID, *, after: UUID | None = None, limit: int = 10_000
) -> list[asyncpg.Record]:
    """Return a page of a matter's team, in the order in which they were added."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(_MEMBERS, key, after, limit)
    return rows


async def list_tasks(
    session: AsyncSession, key: UUID, *, after: UUID | None = None, limit: int = 10_000
) -> list[asyncpg.Record]:
    """Return a page of a matter's tasks, in the order in which they were made."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(_TASKS, key, after, limit)
    return rows


async def list_notes(
    session: AsyncSession, key: UUID, *, before: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """Return a page of a matter's notes, newest first."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(_NOTES, key, before, limit)
    return rows


def was_on(row: asyncpg.Record, day: date) -> bool:
    """Return whether a member was on the team on that day."""
    return bool(row["joined_on"] <= day and (row["left_on"] is None or day <= row["left_on"]))
