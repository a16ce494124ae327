"""What the registry does to requests by itself, when their time is over; it only ever takes away.

Steps of the nightly job: each handles at most `limit` requests and returns how many; 0 means done.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.core.items import attempt
from app.handling import machine, queries, steps
from app.handling.models import HandlingParty, HandlingRequest
from app.handling.rendering import FEWEST, HOLDS
from app.handling.vocabulary import FINAL, STATUSES
from app.matters.recording import record_of_parties

LONGER: Final = timedelta(days=14)
"""What an escalated request gets on top."""
_EXPIRING: Final = tuple(status for status in STATUSES if status not in FINAL)
_ESCALATING: Final = ("sent", "countered")


async def escalate_requests(
    session: AsyncSession,
    principal: Principal,
    *,
    limit: int,
    now: datetime,
    office_id: int | None = None,
) -> int:
    """Mark unanswered requests that ask for it, and give them more time; returns how many.

    Raises:
        MissingScopeError: the caller is not the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    due = await queries.take_due(
        session, _ESCALATING, limit=limit, now=now, office_id=office_id, on_silence="escalate"
    )

    async def escalate(request: HandlingRequest) -> None:
        request.escalated_at = now
        request.due_at = now + LONGER
        await _move(session, principal, request, "escalate", now=now)

    return await _each(session, due, escalate)


async def expire_requests(
    session: AsyncSession,
    principal: Principal,
    *,
    limit: int,
    now: datetime,
    office_id: int | None = None,
) -> int:
    """End requests that nobody answered in time and agreements whose period is over.

    Run `escalate_requests` first: what escalates is given more time there.

    Raises:
        MissingScopeError: the caller is not the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    due = await queries.take_due(session, _EXPIRING, limit=limit, now=now, office_id=office_id)

    async def expire(request: HandlingRequest) -> None:
        # what was agreed ends when that says, whenever the night comes
        request.ended_at = request.due_at if request.status in HOLDS else now
        await _move(session, principal, request, "expire", now=now)

    return await _each(session, due, expire)


async def release_parties(
    session: AsyncSession,
    principal: Principal,
    *,
    limit: int,
    now: datetime,
    office_id: int | None = None,
) -> int:
    """Let offices leave whose notice is over; where one alone would stay, the agreement ends.

    Raises:
        MissingScopeError: the caller is not the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    leaving = await queries.take_leaving(session, limit=limit, now=now, office_id=office_id)

    async def release(request_id: UUID, left_by: int) -> None:
        request = await session.get_one(HandlingRequest, request_id, populate_existing=True)
        parties = await queries.list_parties_of(session, request_id)
        if request.ended_at is not None:
            return  # with the one before
        if len(parties) <= FEWEST:
            request.ended_at = now
            await _move(session, principal, request, "expire", now=now)
            return
        await _move(session, principal, request, "release", now=now, of=left_by)
        # the database ends its part: team, tasks, and what it was shown
        party = update(HandlingParty).where(
            HandlingParty.request_id == request_id, HandlingParty.office_id == left_by
        )
        await session.execute(party.values(left_at=now))

    return sum(
        [
            await attempt(session, f"{request_id}-{left_by}", partial(release, request_id, left_by))
            for request_id, left_by in leaving
        ]
    )


async def _each(
    session: AsyncSession,
    due: Sequence[HandlingRequest],
    work: Callable[[HandlingRequest], Awaitable[None]],
) -> int:
    """Do `work` on each request, one that fails left as it is; return on how many it was done."""
    return sum([await attempt(session, str(each.id), partial(work, each)) for each in due])


async def _move(
    session: AsyncSession,
    principal: Principal,
    request: HandlingRequest,
    step: str,
    *,
    now: datetime,
    of: int | None = None,
) -> None:
    taken = machine.find(step, request.kind, request.status)
    assert taken is not None  # noqa: S101 -- only states that the table lets it leave were taken
    before = request.status
    request.status, request.version = taken.to, request.version + 1
    await session.flush()  # the database's own table of moves speaks before the audit entry
    parties = await queries.list_parties_of(session, request.id)
    offices = [party["office_id"] for party in parties]
    told = offices if request.sent_at is not None else offices[:1]
    detail: dict[str, Any] = {"from": before, "to": taken.to, "at": now.isoformat()}
    if of is not None:
        detail["office"] = of
    await record_of_parties(session, principal, request.id, told, taken.audited, detail=detail)
    if (taken.to in FINAL and request.sent_at is not None) or of is not None:
        ended = steps.revoked(request.id, parties, of=of)
        await audit.record_of_offices(session, principal, ended)
