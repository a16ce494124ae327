"""What the nightly run does with deliveries: steps of at most `limit`, 0 means done."""

from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.webhooks import queries

LATE_AFTER: Final = timedelta(hours=1)
KEPT_FOR: Final = timedelta(days=30)


async def raise_alarms(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Alarm once of deliveries that were given up, or that no worker took for an hour.

    Returns how many, 0 when done.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    late = now - LATE_AFTER
    found = await queries.alarm(session, now=now, late=late, limit=limit, office_id=office_id)
    for state in ("dead", "waiting"):
        offices = sorted({row["office_id"] for row in found if row["state"] == state})
        count = sum(row["state"] == state for row in found)
        if count:
            name = "deliveries_given_up" if state == "dead" else "deliveries_late"
            structlog.get_logger().error(name, count=count)
            await audit.record(
                session,
                principal,
                "webhook.given_up" if state == "dead" else "webhook.late",
                f"{count} deliveries",
                detail={"offices": offices},
            )
    return len(found)


async def forget_deliveries(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Delete the records of deliveries that were settled 30 days ago; returns how many, 0: done.

    Raises:
        MissingScopeError: as above.
    """
    principal.require(Permission.OFFICES_MANAGE)
    before = now - KEPT_FOR
    return await queries.forget(session, before=before, limit=limit, office_id=office_id)
