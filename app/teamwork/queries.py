"""SQL of what the parties of a matter write about it; who may know of it is asked before.

An office that has left reads what there was `until` then.
"""

from datetime import date, datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import driver

_LEFT_ON: Final = "CASE WHEN $2::timestamptz IS NULL OR m.left_on <= $2::date THEN m.left_on END"
_MEMBERS: Final = f"""
SELECT m.id, m.office_id, m.name, m.post, m.joined_on, {_LEFT_ON} AS left_on,
  o.code, o.name AS office_name
FROM matter_members m JOIN offices o ON o.id = m.office_id
WHERE m.request_id = $1 AND ($2::timestamptz IS NULL OR m.added_at <= $2)
"""  # noqa: S608 -- constants only
"""Of whoever left after `until` an office that had left by then is not told."""
_TASKS: Final = """
SELECT t.id, t.kind, t.note, t.due_on, t.made_at, o.id AS office_id, o.code,
  CASE WHEN $2::timestamptz IS NULL OR t.done_at <= $2 THEN t.done_at END AS done_at
FROM matter_tasks t
LEFT JOIN LATERAL (
  SELECT f.office_id
  FROM unnest(t.former_offices, t.passed_at) WITH ORDINALITY AS f (office_id, passed_at, place)
  WHERE f.passed_at >= $2 ORDER BY f.passed_at, f.place LIMIT 1) AS then_its ON TRUE
JOIN offices o ON o.id = coalesce(then_its.office_id, t.office_id)
WHERE t.request_id = $1 AND ($2::timestamptz IS NULL OR t.made_at <= $2)
"""
"""As they were `until` then: who has them by now, and that they are done since, is not told.

What passed at that very moment was still theirs: it passed because they left."""
_NOTES: Final = """
SELECT n.*, o.code FROM matter_notes n JOIN offices o ON o.id = n.office_id
WHERE n.request_id = $1 AND ($2::timestamptz IS NULL OR n.written_at <= $2)
  AND ($3::uuid IS NULL OR n.id < $3) ORDER BY n.id DESC LIMIT $4
"""


async def list_members(
    session: AsyncSession, key: UUID, *, until: datetime | None, after: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """Return a page of a matter's team, in the order in which they were added."""
    page = _MEMBERS + " AND ($3::uuid IS NULL OR m.id > $3) ORDER BY m.id LIMIT $4"
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(page, key, until, after, limit)
    return rows


async def list_team(
    session: AsyncSession, key: UUID, on: date | None, *, until: datetime | None
) -> list[asyncpg.Record]:
    """Return everyone who was on a matter's team, ever or on one day, who joined first at first."""
    team = (
        _MEMBERS
        + f" AND ($3::date IS NULL OR $3 BETWEEN m.joined_on AND coalesce({_LEFT_ON}, 'infinity'))"
        + " ORDER BY m.joined_on, m.name, m.id"
    )
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(team, key, until, on)
    return rows


async def find_member(
    session: AsyncSession, key: UUID, member_id: UUID | None
) -> asyncpg.Record | None:
    """Return someone of a matter's team, None if nobody there is called so."""
    row: asyncpg.Record | None = await (await driver(session)).fetchrow(
        _MEMBERS + " AND m.id = $3", key, None, member_id
    )
    return row


async def list_tasks(
    session: AsyncSession, key: UUID, *, until: datetime | None, after: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """Return a page of a matter's tasks, in the order in which they were made."""
    page = _TASKS + " AND ($3::uuid IS NULL OR t.id > $3) ORDER BY t.id LIMIT $4"
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(page, key, until, after, limit)
    return rows


async def list_open_tasks(session: AsyncSession, key: UUID) -> list[asyncpg.Record]:
    """Return every task of a matter that is not done, the next one due at first."""
    still_open = _TASKS + " AND t.done_at IS NULL ORDER BY t.due_on, t.id"
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(still_open, key, None)
    return rows


async def find_task(
    session: AsyncSession, key: UUID, task_id: UUID | None
) -> asyncpg.Record | None:
    """Return a task of a matter, None if there is none of this name."""
    row: asyncpg.Record | None = await (await driver(session)).fetchrow(
        _TASKS + " AND t.id = $3", key, None, task_id
    )
    return row


async def list_notes(
    session: AsyncSession, key: UUID, *, until: datetime | None, before: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """Return a page of a matter's notes, newest first."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _NOTES, key, until, before, limit
    )
    return rows
