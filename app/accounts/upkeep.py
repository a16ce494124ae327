"""What nightly jobs do with machine clients: steps of at most `limit`, 0 means done.

Nothing that is deleted has an effect any more, so no audit entry is written of it.
"""

from datetime import datetime

from sqlalchemy import delete, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.accounts import queries
from app.accounts.idempotency import KEPT_FOR
from app.accounts.models import IdempotencyKey, SpentAssertion
from app.audit import service as audit
from app.people.upkeep import IDLE_FOR


async def end_idle(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """End machine clients that nobody used for ninety days; returns how many, 0 when done.

    Those of suspended offices stay, because nobody can use them. Their offices are told 30 and 7
    days before, where a night came then, and when they have ended (`lapses.tell`). The operator may
    renew them.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    today = now.date()
    idle = await queries.list_idle(
        session, since=today - IDLE_FOR, today=today, limit=limit, office_id=office_id
    )
    for each in idle:
        # the day that its office was told, so that it is not told of another one
        each.expires_on = max(filter(None, (each.last_used_on, each.counted_from))) + IDLE_FOR
    await session.flush()  # constraints speak before the audit entry is written
    for each in idle:
        ended = "client_credential.ended", str(each.id)
        detail = {"for": "idle"}
        await audit.record_of_office(session, principal, each.office_id, *ended, detail=detail)
    return len(idle)


async def forget_answers(
    session: AsyncSession, principal: Principal, *, now: datetime, limit: int
) -> int:
    """Delete answers that a repeated request would no longer get; they may hold overlaps.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    old = queries.answered(before=now - KEPT_FOR, limit=limit)
    gone = delete(IdempotencyKey).where(IdempotencyKey.id.in_(old)).returning(IdempotencyKey.id)
    return len((await session.scalars(gone)).all())


async def forget_assertions(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Delete what keeps client assertions from being used twice, once they are too old to be.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    old = queries.spent(now=now, limit=limit, office_id=office_id)
    key = tuple_(SpentAssertion.client_id, SpentAssertion.jti_digest)
    gone = delete(SpentAssertion).where(key.in_(old)).returning(SpentAssertion.jti_digest)
    return len((await session.scalars(gone)).all())
