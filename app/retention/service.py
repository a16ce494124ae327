"""Cases that leave: out of matching when their review date has passed, then out of the database.

One case in a transaction, because a case's tokens are locked in their order, and those of two cases
have none. A case that fails is noted and left out of this run; the others go on.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.vocabulary import Role
from app.audit import service as audit
from app.cases import service as cases
from app.cases.registering import Intake
from app.core.db import (
    APP,
    DATABASE_ERRORS,
    JOBS,
    become,
    driver,
    enter,
    is_passing,
    savepoint,
)
from app.core.errors import AppError
from app.overlaps.errors import EpochMovedError
from app.retention import queries
from app.retention.queries import Leaving

MAX_ATTEMPTS: Final = 5
"""How many runs try a case that fails; after them it waits for somebody."""


async def expire(
    session: AsyncSession,
    principal: Principal,
    intake: Intake,
    *,
    now: datetime,
    limit: int,  # noqa: ARG001 -- every step has one; this takes one case whatever it says
    office_id: int | None = None,
) -> int:
    """Take a case whose review date has passed out of matching, as its office would withdraw it.

    Its facts, subjects and tokens go with it, its overlaps are retracted, and the office is told.
    Posting it again is the review that brings it back. Returns 1, or 0 when there is none.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
        EpochMovedError: a switch to a new epoch came between; repeating helps.
    """
    principal.require(Permission.OFFICES_MANAGE)
    connection = await driver(session)
    case = await queries.get_expired(
        connection, today=now.date(), now=now, attempts=MAX_ATTEMPTS, office_id=office_id
    )
    if case is None:
        return 0

    async def withdraw() -> None:
        owner = Principal(
            principal.actor,
            case.office_id,
            frozenset({Permission.CASES_POST}),
            roles=frozenset({Role.CLIENT}),
        )
        await enter(session, owner)
        await become(session, APP)
        ref = await queries.get_ref(connection, case.id)
        await cases.withdraw_case(session, owner, intake, ref, now=now)
        await enter(session, principal)
        await become(session, JOBS)
        await queries.tell(connection, case, "case.expired")
        await audit.record_of_office(
            session, principal, case.office_id, "case.expired", str(case.id)
        )

    await _attempt(session, principal, case, withdraw, now=now)
    return 1


async def purge(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,  # noqa: ARG001 -- as above
    office_id: int | None = None,
) -> int:
    """Delete a case that left matching 90 days ago, or was validated five years ago, for good.

    What refers to it goes too: overlaps, events, grants, walls. A tombstone and the audit stay, and
    neither says what the case was. Returns 1, or 0 when there is none.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    connection = await driver(session)
    case = await queries.get_over(connection, now=now, attempts=MAX_ATTEMPTS, office_id=office_id)
    if case is None:
        return 0

    async def delete() -> None:
        await queries.purge(connection, case, now=now)
        detail = {"reason": case.reason}
        await audit.record_of_office(
            session, principal, case.office_id, "case.purged", str(case.id), detail=detail
        )

    await _attempt(session, principal, case, delete, now=now)
    return 1


async def _attempt(
    session: AsyncSession,
    principal: Principal,
    case: Leaving,
    work: Callable[[], Awaitable[None]],
    *,
    now: datetime,
) -> None:
    """Do `work`, or note that the case is stuck; what would fail at any case is raised."""
    try:
        async with savepoint(session):
            await work()
    except (AppError, *DATABASE_ERRORS) as error:  # type: ignore[misc]  # mypy unpacks no tuples here
        if isinstance(error, EpochMovedError) or is_passing(error):
            raise
        reason = error.code if isinstance(error, AppError) else type(error).__name__
        connection = await driver(session)
        attempts = await queries.note_stuck(connection, case.id, reason, now=now)
        detail = {"error": reason, "attempts": attempts}
        structlog.get_logger().error("case_stuck", error=reason, count=attempts)
        stuck = "case.stuck", str(case.id)
        await audit.record_of_office(session, principal, case.office_id, *stuck, detail=detail)
