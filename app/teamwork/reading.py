"""What the parties of a matter read of what they wrote."""

from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.core.ids import public_id
from app.matters import queries as matters
from app.matters.service import record_disclosed
from app.teamwork import queries
from app.teamwork.schemas import (
    MemberRead,
    NoteRead,
    TaskRead,
)

MEMBER, TASK = "mbr", "tsk"


async def list_members(
    session: AsyncSession,
    principal: Principal,
    key: UUID | None,
    *,
    after: UUID | None,
    limit: int,
    now: datetime,
) -> list[tuple[UUID, MemberRead]]:
    """Return a page of the team.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
        MatterNotFoundError: absent, or not for the caller; never told apart.
    """
    row = await _read(session, principal, key, "members", now=now)
    found = await queries.list_members(
        session, row["request_id"], until=row["own_left_at"], after=after, limit=limit
    )
    return [(each["id"], render_member(each)) for each in found]


async def list_tasks(
    session: AsyncSession,
    principal: Principal,
    key: UUID | None,
    *,
    after: UUID | None,
    limit: int,
    now: datetime,
) -> list[tuple[UUID, TaskRead]]:
    """Return a page of the tasks.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
        MatterNotFoundError: absent, or not for the caller; never told apart.
    """
    row = await _read(session, principal, key, "tasks", now=now)
    found = await queries.list_tasks(
        session, row["request_id"], until=row["own_left_at"], after=after, limit=limit
    )
    return [(each["id"], render_task(each)) for each in found]


async def list_notes(
    session: AsyncSession,
    principal: Principal,
    key: UUID | None,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[tuple[UUID, NoteRead]]:
    """Return a page of the notes, newest first.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
        MatterNotFoundError: absent, or not for the caller; never told apart.
    """
    row = await _read(session, principal, key, "notes", now=now)
    found = await queries.list_notes(
        session, row["request_id"], until=row["own_left_at"], before=before, limit=limit
    )
    return [
        (
            each["id"],
            NoteRead(
                office=each["code"],
                kind=each["kind"],
                text=each["text"],
                asks_disclosure=each["asks_disclosure"],
                written_at=each["written_at"],
            ),
        )
        for each in found
    ]


async def _read(
    session: AsyncSession, principal: Principal, key: UUID | None, what: str, *, now: datetime
) -> asyncpg.Record:
    principal.require(Permission.HANDLING_READ)
    row = await matters.get_matter(session, principal, key, now=now)
    await record_disclosed(
        session, principal, public_id(matters.PREFIX, row["request_id"]), f"matter_{what}"
    )
    return row


def render_member(row: asyncpg.Record) -> MemberRead:
    """Return someone's time on the team."""
    given = {name: row[name] for name in ("name", "post", "joined_on", "left_on")}
    return MemberRead(id=public_id(MEMBER, row["id"]), office=row["code"], **given)


def render_task(row: asyncpg.Record) -> TaskRead:
    """Return a task."""
    given = {name: row[name] for name in ("kind", "note", "due_on", "made_at", "done_at")}
    return TaskRead(id=public_id(TASK, row["id"]), office=row["code"], **given)
