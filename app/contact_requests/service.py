from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases import ladder
from app.cases import queries as cases
from app.cases import service as cases_service
from app.contact_requests import queries
from app.contact_requests.errors import (
    ContactRequestEndedError,
    ContactRequestNotYoursError,
    ContactRequestOpenError,
    ContactShownError,
)
from app.contact_requests.models import ContactRequest
from app.contact_requests.reading import PREFIX, direction, render
from app.contact_requests.schemas import ContactAnswer, ContactReason, ContactRequestRead
from app.contact_requests.states import BY, EXPIRES_AFTER, NEXT
from app.core.db import APP, JOBS, become, enter
from app.core.ids import new_id, public_id
from app.core.items import attempt_all
from app.core.preconditions import Precondition

ASKED: Final = "contact_requested"
"""Purpose of the grant that shows the owner who asks."""
OPENED: Final = "contact_accepted"
"""Purpose of the grant that shows the one who asked whom to call."""


async def request_contact(
    session: AsyncSession,
    principal: Principal,
    overlap_id: UUID | None,
    reason: ContactReason,
    *,
    now: datetime,
) -> ContactRequestRead:
    """Ask the owner of the other side of an overlap to show whom to call.

    Asking shows the owner who asks: it may then see the overlap with the asking office's contact.

    Raises:
        MissingScopeError: the caller lacks `handling:request`.
        OverlapNotFoundError: absent, or not for the caller; the two are never told apart.
        ContactShownError: the contact is shown already.
        ContactRequestOpenError: the office asked before and awaits the answer.
    """
    principal.require(Permission.HANDLING_REQUEST)
    overlap = await cases.get_overlap(
        session, principal, overlap_id, now=now, permission=Permission.HANDLING_REQUEST
    )
    if overlap.read.rung != ladder.POINTER.name.lower():
        raise ContactShownError(overlap.read.rung)
    await _expire(session, principal, overlap.id, now=now)
    values = {"requested_by": principal.actor, "requested_at": now}
    request_id = await session.scalar(
        insert(ContactRequest)
        .values(
            id=new_id(),
            overlap_id=overlap.id,
            requester_office_id=principal.office_id,
            responder_office_id=overlap.other_office_id,
            requester_case_id=overlap.case_id,
            responder_case_id=overlap.other_case_id,
            reason=reason,
            status="pending",
            version=1,
            expires_at=now + EXPIRES_AFTER,
            **values,
        )
        .on_conflict_do_nothing()
        .returning(ContactRequest.id)
    )
    if request_id is None:
        raise ContactRequestOpenError("pending")
    await audit.record(
        session,
        principal,
        "contact.requested",
        public_id(PREFIX, request_id),
        recipients=[overlap.other_office_id],
        detail={"overlap": overlap.read.id, "reason": reason},
    )
    await cases_service.grant(
        session,
        principal,
        overlap.case_id,
        overlap.other_office_id,
        rung=ladder.CONTACT,
        purpose=ASKED,
        overlap_id=overlap.id,
        now=now,
    )
    return render(await queries.get_request(session, principal, request_id, now=now))


async def _expire(
    session: AsyncSession, principal: Principal, overlap_id: UUID, *, now: datetime
) -> None:
    """End the office's own earlier request, if its time is over and no job has come by yet."""
    found = await queries.lock_over(
        session, now=now, limit=1, overlap_id=overlap_id, office_id=principal.office_id
    )
    for row in found:
        await queries.expire(session, [row], now=now)
        await _end(session, principal, row, "expired", now=now)


async def answer_request(
    session: AsyncSession,
    principal: Principal,
    request_id: UUID | None,
    answer: ContactAnswer,
    *,
    if_match: Precondition,
    now: datetime,
) -> ContactRequestRead:
    """Accept or decline a request that was received, or withdraw one that was sent; once.

    Raises:
        MissingScopeError: the caller lacks `handling:answer`.
        ContactRequestNotFoundError: absent, or between other offices; never told apart.
        ContactRequestNotYoursError: the other one of the two offices does this.
        ContactRequestEndedError: it was answered, withdrawn or expired before.
        PreconditionFailedError: `if_match` does not name the version that stands.
        OverlapNotFoundError: it is to be accepted and its overlap was retracted meanwhile.
    """
    principal.require(Permission.HANDLING_ANSWER)
    row = await queries.get_request(session, principal, request_id, now=now, for_update=True)
    is_late = row["status"] == "pending" and row["expires_at"] <= now
    status_now = "expired" if is_late else row["status"]
    if BY[answer.answer] != direction(row):
        raise ContactRequestNotYoursError(status_now)
    status = NEXT.get((status_now, answer.answer))
    if status is None:
        raise ContactRequestEndedError(status_now)
    if_match.require(render(row).etag)
    if status == "accepted":  # not on evidence that is gone by now
        await cases.get_overlap(
            session, principal, row["overlap_id"], now=now, permission=Permission.HANDLING_ANSWER
        )
    await session.execute(
        update(ContactRequest)
        .where(ContactRequest.id == row["id"])
        .values(
            status=status,
            decline_reason=answer.reason,
            ended_at=now,
            version=ContactRequest.version + 1,
        )
    )
    await _end(session, principal, row, status, now=now, reason=answer.reason)
    return render(await queries.get_request(session, principal, row["id"], now=now))


async def _end(
    session: AsyncSession,
    principal: Principal,
    row: asyncpg.Record,
    status: str,
    *,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Audit the end of a request; open the contact, or take back what asking showed."""
    sides = row["requester_office_id"], row["responder_office_id"]
    await audit.record(
        session,
        principal,
        f"contact.{status}",
        public_id(PREFIX, row["id"]),
        recipients=[side for side in sides if side != principal.office_id],
        detail={"reason": reason} if reason else {},
    )
    if status == "accepted":
        await cases_service.grant(
            session,
            principal,
            row["responder_case_id"],
            row["requester_office_id"],
            rung=ladder.CONTACT,
            purpose=OPENED,
            overlap_id=row["overlap_id"],
            now=now,
        )
    else:
        await cases_service.revoke_grants(
            session,
            principal,
            row["requester_case_id"],
            row["responder_office_id"],
            purpose=ASKED,
            overlap_id=row["overlap_id"],
            now=now,
        )


async def expire_requests(
    session: AsyncSession,
    principal: Principal,
    *,
    now: datetime,
    limit: int,
    office_id: int | None = None,
) -> int:
    """End requests that nobody answered in time; returns how many, 0 when done.

    One that fails stays as it was.

    Raises:
        MissingScopeError: the caller is neither the operator nor a job of the operator.
    """
    principal.require(Permission.OFFICES_MANAGE)
    over = await queries.lock_over(session, now=now, limit=limit, office_id=office_id)

    async def end(rows: Sequence[asyncpg.Record]) -> None:
        await become(session, JOBS)
        await enter(session, principal)
        await queries.expire(session, rows, now=now)
        await become(session, APP)  # each grant is taken back with the rights of who gave it
        for row in rows:
            office = Principal("nightly", row["requester_office_id"], frozenset())
            await enter(session, office)
            await _end(session, office, row, "expired", now=now)

    return len(await attempt_all(session, {str(row["id"]): row for row in over}, end))
