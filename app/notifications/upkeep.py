from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.notifications import queries
from app.notifications.models import Event
from app.notifications.service import READ_WITHIN

KEPT_FOR: Final = READ_WITHIN + timedelta(days=2)
"""Cursors tell the day, of which one is counted whole; a transaction may begin the day before."""


async def forget_events(
    session: AsyncSession, principal: Principal, *, now: datetime, limit: int
) -> int:
    """Delete events that nobody may still have to read; returns how many, 0 when done.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    old = queries.old(before=now - KEPT_FOR, limit=limit)
    gone = delete(Event).where(Event.number.in_(old)).returning(Event.number)
    return len((await session.scalars(gone)).all())
