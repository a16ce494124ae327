"""What the operator does with mails; nightly steps take at most `limit`, 0 means done."""

from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.mails import queries as mails

LATE_AFTER: Final = timedelta(hours=1)
KEPT_FOR: Final = timedelta(days=30)


async def add_digests(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Put the mails of a day or a week into the outbox; returns how many, 0 when done.

    The worker sends those of people who have something to read.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    return await mails.add_digests(session, now=now, limit=limit, office_id=office_id)


async def raise_alarms(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Alarm once of mails that were given up or that no worker took for an hour; 0: done.

    Raises:
        MissingScopeError: as above.
    """
    principal.require(Permission.OFFICES_MANAGE)
    late = now - LATE_AFTER
    offices = await mails.alarm(session, now=now, late=late, limit=limit, office_id=office_id)
    if offices:
        structlog.get_logger().error("mails_not_sent", count=len(offices))
        detail = {"offices": sorted(set(offices))}
        await audit.record(
            session, principal, "mail.not_sent", f"{len(offices)} mails", detail=detail
        )
    return len(offices)


async def forget_mails(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Delete mails that were settled 30 days ago; returns how many, 0 when done.

    Raises:
        MissingScopeError: as above.
    """
    principal.require(Permission.OFFICES_MANAGE)
    before = now - KEPT_FOR
    return await mails.forget(session, before=before, limit=limit, office_id=office_id)


async def send_again(session: AsyncSession, principal: Principal, *, now: datetime) -> int:
    """Put the mails that were given up into the outbox again; returns to how many persons.

    Raises:
        MissingScopeError: the caller is not the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    offices = await mails.send_again(session, now=now)
    if offices:
        detail = {"offices": sorted(set(offices))}
        await audit.record(
            session, principal, "mail.sent_again", f"{len(offices)} mails", detail=detail
        )
    return len(offices)
