"""Nothing ends silently: offices are told 30 and 7 days before, and when it has ended.

What ends has its effect by its date, without anybody's doing; here it is only said.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.core.db import driver
from app.lapses import queries


async def tell(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Tell offices what of theirs ends; returns how many notices were written, 0 when done.

    Of cases (their review date), grants given and got, agreements of participation and of joint
    handling, commitments, and machine clients. An office that was told of several stages late is
    told the last only.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    connection, today = await driver(session), now.date()
    told = await queries.tell(connection, today=today, now=now, limit=limit, office_id=office_id)
    if told:
        await audit.record_each(
            session,
            principal,
            [
                audit.Entry(
                    "lapse.told",
                    f"{row['what']} {row['key']}",
                    [row["office_id"]] if row["is_own"] else (),
                    {"ends_on": row["ends_on"].isoformat(), "days_before": row["stage"]},
                )
                for row in told
            ],
        )
    return len(told)


async def tell_again(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Tell what happened while an office took no part, to it and the others; returns how many.

    Readers of the feed, webhooks and mail have gone past it, because nobody could know of it. It
    is counted by agreements that count since lately after a gap and had something to tell; what
    of it an office may know of now is decided when it is read. At most `limit` offices' events are
    told in one transaction, in which one that is of two of them is told once.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    connection, today = await driver(session), now.date()
    while back := await queries.tell_again(
        connection, today=today, now=now, limit=limit, office_id=office_id
    ):
        if told := [row for row in back if row["events"]]:
            entries = [
                audit.Entry("lapse.over", f"participation {row['key']}", [row["office_id"]])
                for row in told
            ]
            await audit.record_each(session, principal, entries)
            return len(told)
    return 0


async def forget(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Delete notices that have no effect any more; returns how many, 0 when done.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    connection, today = await driver(session), now.date()
    return await queries.forget(connection, today=today, limit=limit, office_id=office_id)
