"""What all outboxes have in common: longer waits each time, alarms, and an end of the record."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.outbox import queries
from app.outbox.queries import Outbox

LATE_AFTER: Final = timedelta(hours=1)
KEPT_FOR: Final = timedelta(days=30)


def next_try(waits: Sequence[timedelta], attempts: int, *, now: datetime) -> datetime | None:
    """Return when what failed so many times is tried again, with jitter; None: it is given up."""
    if attempts > len(waits):
        return None
    return now + waits[attempts - 1] * random.uniform(0.8, 1.2)


async def raise_alarms(
    session: AsyncSession,
    principal: Principal,
    outbox: Outbox,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Alarm once of what was given up, and of what no worker took for an hour.

    Returns how many, 0 when done.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    late = now - LATE_AFTER
    found = await queries.alarm(
        session, outbox, now=now, late=late, limit=limit, office_id=office_id
    )
    for state, what in (("dead", "given_up"), ("waiting", "late")):
        offices = [row["office_id"] for row in found if row["state"] == state]
        if offices:
            structlog.get_logger().error(f"{outbox.name}_{what}", count=len(offices))
            await audit.record(
                session,
                principal,
                f"{outbox.name}.{what}",
                f"{len(offices)} rows",
                detail={"offices": sorted(set(offices))},
            )
    return len(found)


async def forget(
    session: AsyncSession,
    principal: Principal,
    outbox: Outbox,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Delete what was settled 30 days ago; returns how many, 0 when done.

    Raises:
        MissingScopeError: as above.
    """
    principal.require(Permission.OFFICES_MANAGE)
    before = now - KEPT_FOR
    return await queries.forget(session, outbox, before=before, limit=limit, office_id=office_id)
