"""What an office has to look at: its overlaps by whose turn it is, its cases, those of one."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases import queries as cases
from app.cases import service as cases_service
from app.cases.ladder import SeenOverlap
from app.cases.models import Case
from app.queues import queries
from app.queues.schemas import Assigned, CaseFilter, QueueCounts, QueueFilter

COUNTED: Final = 1000
"""Overlaps that are looked at to count them, the newest."""


async def list_overlaps(
    session: AsyncSession,
    principal: Principal,
    asked: QueueFilter,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[SeenOverlap]:
    """Return a page of the overlaps asked for, newest first, and record what was shown.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
    """
    principal.require(Permission.OVERLAPS_READ)
    found = await queries.list_overlaps(
        session, principal, asked, before=before, limit=limit, now=now
    )
    await audit.record_each(session, principal, [cases_service.disclosed(principal, found)])
    return found


async def count_overlaps(
    session: AsyncSession,
    principal: Principal,
    assigned: Assigned,
    *,
    since: datetime | None,
    most: int = COUNTED,
    now: datetime,
) -> QueueCounts:
    """Return how many overlaps wait for whom; numbers of what the caller may list anyway.

    `since` is when the caller looked last.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
    """
    principal.require(Permission.OVERLAPS_READ)
    return await queries.count_overlaps(
        session, principal, assigned, since=since, most=most, now=now
    )


async def list_cases(
    session: AsyncSession,
    principal: Principal,
    asked: CaseFilter,
    *,
    before: int | None,
    limit: int,
) -> list[Case]:
    """Return a page of the caller's own cases that were asked for, newest first.

    Raises:
        MissingScopeError: the caller lacks `cases:read`.
    """
    principal.require(Permission.CASES_READ)
    return await queries.list_cases(session, principal, asked, before=before, limit=limit)


async def list_overlaps_of_case(
    session: AsyncSession, principal: Principal, case_id: int, *, limit: int, now: datetime
) -> list[SeenOverlap]:
    """Return the strongest overlaps of one of the caller's own cases, and record what was shown.

    Raises:
        MissingScopeError: the caller lacks `overlaps:read`.
    """
    principal.require(Permission.OVERLAPS_READ)
    found = await cases.list_overlaps_of_cases(session, principal, [case_id], limit=limit, now=now)
    shown = found[case_id]
    await audit.record_each(session, principal, [cases_service.disclosed(principal, shown)])
    return shown
