"""Alarms: found every night or at a refusal, told to the operator and the office's own people."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

import asyncpg
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.alarms import queries
from app.alarms.schemas import AlarmRead
from app.audit import service as audit
from app.core.errors import FieldProblem, InvalidError
from app.core.ids import public_id

PREFIX: Final = "alm"
REPORTED_WITHIN: Final = 7
"""Days after which a late export is no news any more."""
DAY: Final = FieldProblem(
    "/due_on", "day-out-of-range", f"Give today, or one of the {REPORTED_WITHIN} days before."
)
_TOLD: Final = {"canary": "unusual_post"}
"""Whoever posted it is not told that it was a canary, nor which of its cases it was."""


async def raise_alarms(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Raise an alarm for each new finding, once; returns how many, 0 when done.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    until = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = until - timedelta(days=queries.DAYS)
    raised = await queries.raise_found(
        session, since=since, until=until, now=now, limit=limit, office_id=office_id
    )
    await _record(session, principal, raised)
    return len(raised)


async def raise_used_up(
    session: AsyncSession, principal: Principal, key_class: str, *, now: datetime
) -> None:
    """Raise an alarm that the caller's office was refused an evaluation, once a day and class."""
    finding = f"{key_class} {now.date().isoformat()}"
    await _raise_one(session, principal, "allowance", finding, now=now)


async def report_late_export(
    session: AsyncSession, principal: Principal, due_on: date, *, now: datetime
) -> None:
    """Raise an alarm, once a day, that the caller's office got no export out of its own system.

    Raises:
        MissingScopeError: the caller lacks `cases:post`.
        InvalidError: the day is not today or of the days before (a day more, in any time zone).
    """
    principal.require(Permission.CASES_POST)
    if not -REPORTED_WITHIN <= (due_on - now.date()).days <= 1:
        raise InvalidError(problems=(DAY,))
    await _raise_one(session, principal, "late_export", due_on.isoformat(), now=now)


async def _raise_one(
    session: AsyncSession, principal: Principal, kind: str, finding: str, *, now: datetime
) -> None:
    raised = await queries.raise_one(session, principal.office_id, kind, finding, now=now)
    await _record(session, principal, [raised] if raised else [])


async def _record(
    session: AsyncSession, principal: Principal, raised: Sequence[asyncpg.Record]
) -> None:
    if not raised:
        return
    entries = [
        audit.Entry(
            "alarm.raised",
            public_id(PREFIX, row["key"]),
            [row["office_id"]],
            {"kind": row["kind"], "count": row["count"]},
        )
        for row in raised
    ]
    await audit.record_each(session, principal, entries)
    for row in raised:
        structlog.get_logger().warning("alarm", reason=row["kind"], office=row["office_id"])


async def list_alarms(
    session: AsyncSession, principal: Principal, *, before: int | None, limit: int
) -> list[tuple[int, AlarmRead]]:
    """Return a page of the alarms about the caller's own office, newest first.

    Raises:
        MissingScopeError: the caller lacks `alarms:read`.
    """
    principal.require(Permission.ALARMS_READ)
    page = queries.of_office(principal.office_id, before=before, limit=limit)
    return [
        (
            alarm.number,
            AlarmRead(
                id=public_id(PREFIX, alarm.key),
                kind=_TOLD.get(alarm.kind, alarm.kind),
                count=alarm.count,
                raised_at=alarm.raised_at,
            ),
        )
        for alarm in await session.scalars(page)
    ]


async def list_all(
    session: AsyncSession, operator: Principal, *, since: datetime
) -> Sequence[asyncpg.Record]:
    """Return the alarms about every office from then on, oldest first, with whom to reach.

    Raises:
        MissingScopeError: the caller is not the operator.
    """
    operator.require(Permission.OFFICES_MANAGE)
    return await queries.list_all(session, since=since)
