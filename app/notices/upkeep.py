"""What the operator does with mails; nightly steps take at most `limit`, 0 means done."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.mails import queries as mails


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
