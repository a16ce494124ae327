"""What nightly jobs do with people and sign-ins: steps of at most `limit`, 0 means done."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.people import administration, attempts, queries, sign_ins
from app.people.models import SignIn, SignInAttempts, SpentChallenge

IDLE_FOR: Final = timedelta(days=90)


async def disable_idle(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Disable people who have not signed in for ninety days; returns how many, 0 when done.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    idle = await queries.list_idle(session, since=now - IDLE_FOR, limit=limit, office_id=office_id)
    for each in idle:
        administration.disable(each, "idle", now=now)
    await session.flush()  # constraints speak before the audit entry is written
    await sign_ins.end_all(session, [each.id for each in idle])
    for each in idle:
        detail = {"for": "idle"}
        await audit.record_of_office(
            session, principal, each.office_id, "person.disabled", str(each.id), detail=detail
        )
    return len(idle)


async def purge_ended(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Delete ended sign-ins, spent challenges and old counts; returns how many, 0 when done.

    Nothing that is deleted has an effect any more, so no audit entry is written. Of one office:
    the sign-ins, because the others name nobody.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    ended = queries.ended(now=now, limit=limit, office_id=office_id)
    gone = await session.scalars(delete(SignIn).where(SignIn.id.in_(ended)).returning(SignIn.id))
    if office_id is not None:
        return len(gone.all())
    before = now - attempts.LONGEST_LOCK - attempts.WINDOW
    stale = queries.stale_attempts(
        before=before,
        of_accounts_before=now - attempts.REMEMBERED,
        locked_before=now - attempts.KEPT,
        limit=limit,
    )
    done = [
        delete(SpentChallenge)
        .where(SpentChallenge.digest.in_(queries.spent(now=now, limit=limit)))
        .returning(SpentChallenge.digest),
        delete(SignInAttempts).where(SignInAttempts.key.in_(stale)).returning(SignInAttempts.key),
    ]
    return sum([len((await session.scalars(each)).all()) for each in done], len(gone.all()))
