from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.jobs import queries
from app.jobs.models import Run

KEPT_FOR: Final = timedelta(days=400)


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
