"""SQL of what the parties of a matter write about it; who may know of it is asked before."""

from datetime import date
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import driver

_MEMBERS: Final = """
SELECT m.*, o.code, o.name AS office_name FROM matter_members m JOIN offices o ON o.id = m.office_id
WHERE m.request_id = $1
"""
_TASKS: Final = """
SELECT t.*, o.code FROM matter_tasks t JOIN offices o ON o.id = t.office_id
WHERE t.request_id = $1
"""
_NOTES: Final = """
SELECT n.*, o.code FROM matter_notes n JOIN offices o ON o.id = n.office_id
WHERE n.request_id = $1 AND ($2::uuid IS NULL OR n.id < $2) ORDER BY n.id DESC LIMIT $3
"""


async def list_members(
    session: AsyncSession, key: UUID, *, after: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """Return a page of a matter's team, in the order in which they were added."""
    page = _MEMBERS + " AND ($2::uuid IS NULL OR m.id > $2) ORDER BY m.id LIMIT $3"
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(page, key, after, limit)
    return rows


async def list_team(session: AsyncSession, key: UUID, on: date | None) -> list[asyncpg.Record]:
    """Return everyone who was on a matter's team, ever or on one day, who joined first at first."""
    team = (
        _MEMBERS
        + " AND ($2::date IS NULL OR $2 BETWEEN m.joined_on AND coalesce(m.left_on, 'infinity'))"
        + " ORDER BY m.joined_on, m.name, m.id"
    )
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(team, key, on)
    return rows


async def get_member(session: AsyncSession, key: UUID, member_id: UUID) -> asyncpg.Record:
    """Return someone of a matter's team, who must be there."""
    (row,) = await (await driver(session)).fetch(_MEMBERS + " AND m.id = $2", key, member_id)
    return row


async def list_tasks(
    session: AsyncSession, key: UUID, *, after: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """Return a page of a matter's tasks, in the order in which they were made."""
    page = _TASKS + " AND ($2::uuid IS NULL OR t.id > $2) ORDER BY t.id LIMIT $3"
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(page, key, after, limit)
    return rows


async def list_open_tasks(session: AsyncSession, key: UUID) -> list[asyncpg.Record]:
    """Return every task of a matter that is not done, the next one due at first."""
    still_open = _TASKS + " AND t.done_at IS NULL ORDER BY t.due_on, t.id"
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(still_open, key)
    return rows


async def get_task(session: AsyncSession, key: UUID, task_id: UUID) -> asyncpg.Record:
    """Return a task of a matter, which must be there."""
    (row,) = await (await driver(session)).fetch(_TASKS + " AND t.id = $2", key, task_id)
    return row


async def list_notes(
    session: AsyncSession, key: UUID, *, before: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """Return a page of a matter's notes, newest first."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(_NOTES, key, before, limit)
    return rows
