"""The kill switch of an office: its people and its machine clients at once."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.accounts.models import Client
from app.audit import service as audit
from app.offices import queries as offices
from app.people import queries, sign_ins


async def set_suspended(
    session: AsyncSession,
    principal: Principal,
    office_code: str,
    *,
    is_suspended: bool,
    now: datetime,
) -> int:
    """Shut out an office's clients and people at once, or let them in again; ends sign-ins.

    What others see of its cases is its participation agreement's to decide. Returns how many
    sign-ins were ended. Clients that are let in count as used, so that none ends for having been
    shut out.

    Raises:
        MissingScopeError: the caller is not the operator.
        OfficeNotFoundError: no office has this code.
    """
    principal.require(Permission.OFFICES_MANAGE)
    office = await offices.get_office(session, office_code)
    was_suspended = office.suspended_at is not None
    office.suspended_at = now if is_suspended else None
    if was_suspended and not is_suspended:
        again = update(Client).where(Client.office_id == office.id, Client.revoked_at.is_(None))
        await session.execute(again.values(counted_from=now.date()))
    people = await queries.list_people_for_update(session, office.id)
    ended = await sign_ins.end_all(session, [each.id for each in people])
    action = "office.suspended" if is_suspended else "office.resumed"
    await audit.record_of_office(
        session, principal, office.id, action, office.code, detail={"ended": ended}
    )
    return ended
