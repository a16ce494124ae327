from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.jobs import queries
from app.jobs.models import Run

KEPT_FOR: Final = timedelta(days=400)
LATE_AFTER: Final = timedelta(hours=1)
GONE_AFTER: Final = timedelta(days=30)


async def forget_runs(
    session: AsyncSession, principal: Principal, *, now: datetime, limit: int
) -> int:
    """Delete the records of runs that ended 400 days ago; returns how many, 0 when done.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    old = queries.ended(before=now - KEPT_FOR, limit=limit)
    return len((await session.scalars(delete(Run).where(Run.id.in_(old)).returning(Run.id))).all())


async def alarm_of_schedule(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,  # noqa: ARG001 -- the schedule goes by the clock of the database
    limit: int,  # noqa: ARG001 -- it has two rows
) -> int:
    """Alarm, once in a run, of what of the schedule nobody took for an hour; forget it in 30.

    Returns how many, 0 when done.

    Raises:
        MissingScopeError: as above.
    """
    principal.require(Permission.OFFICES_MANAGE)
    late = await queries.note_late(session, late=LATE_AFTER)
    await queries.forget_schedules(session, late=GONE_AFTER)
    if late:
        structlog.get_logger().error("schedule_late", count=len(late))
        await audit.record(session, principal, "schedule.late", ", ".join(sorted(set(late))))
    return len(late)
