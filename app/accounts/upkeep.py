"""What nightly jobs do with requests that are over: steps of at most `limit`, 0 means done.

Nothing that is deleted has an effect any more, so no audit entry is written.
"""

from datetime import datetime

from sqlalchemy import delete, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.accounts import queries
from app.accounts.idempotency import KEPT_FOR
from app.accounts.models import IdempotencyKey, SpentAssertion


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
