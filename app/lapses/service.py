"""Nothing ends silently: offices are told 30 and 7 days before, and when it has ended.

What ends has its effect by its date, without anybody's doing; here it is only said, to offices and
to their audit.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.core.db import driver
from app.core.ids import public_id
from app.lapses import queries
from app.proposals.service import PREFIX as PROPOSAL
from app.reviews.summaries import PREFIX as READING
from app.sharing.glass import PREFIX as GLASS
from app.sharing.lines import PREFIX as GRANT
from app.sharing.walls import PREFIX as WALL
from app.webhooks.service import PREFIX as WEBHOOK

ENDS: Final[Mapping[str, tuple[str, str]]] = {
    "grant_end": ("case.grant_expired", GRANT),
    "glass_end": ("glass.ended", GLASS),
    "reading_end": ("summary.reading_expired", READING),
    "lift_request": ("wall.lift_expired", WALL),
    "proposal": ("proposal.expired", PROPOSAL),
    "webhook": ("webhook.lapsed", WEBHOOK),
}
"""What the audit calls the end of a thing, and how the thing's id begins."""


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


async def record(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """Write down, once, what ended by its date alone; returns how many entries, 0 when done.

    Grants, also those that nobody approved in time; readings in an emergency; second readings of a
    summary; requests to lift a wall; proposals; webhooks that no second administrator approved.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    connection = await driver(session)
    over = await queries.record(
        connection, today=now.date(), now=now, limit=limit, office_id=office_id
    )
    for row in over:
        action, prefix = ENDS[row["what"]]
        name = public_id(prefix, UUID(row["key"]))
        detail = {"was": row["was"], "at": row["at"].isoformat()}
        is_of_case = row["case_id"] is not None
        await audit.record_of_office(
            session,
            principal,
            row["office_id"],
            action,
            str(row["case_id"]) if is_of_case else name,
            recipients=[each for each in (row["office_id"], row["other_id"]) if each is not None],
            detail={"grant": name, **detail} if is_of_case else detail,
        )
    return len(over)


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
