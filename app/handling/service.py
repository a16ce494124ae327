from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.audit import service as audit
from app.cases import ladder
from app.cases import queries as cases
from app.cases import service as cases_service
from app.core.ids import new_id
from app.core.preconditions import Precondition
from app.handling import queries
from app.handling.errors import (
    HandlingAnsweredError,
    HandlingNotYoursError,
    HandlingOpenError,
)
from app.handling.models import HandlingRequest, Matter
from app.handling.schemas import (
    HandlingAccept,
    HandlingAnswer,
    HandlingDecline,
    HandlingRead,
    ProposedLead,
)


async def request_handling(
    session: AsyncSession,
    principal: Principal,
    overlap_id: UUID | None,
    proposed_lead: ProposedLead,
    *,
    now: datetime,
) -> HandlingRead:
    """Ask the other side of an overlap to handle it jointly.

    Asking shows the other office who asks: it may then see the overlap with its contact, even
    where the asking case is `silent` or `contact_first`.

    Raises:
        MissingScopeError: the caller lacks `handling:request`.
        OverlapNotFoundError: absent, or not for the caller; the two are never told apart.
        HandlingOpenError: the overlap has an open request.
    """
    principal.require(Permission.HANDLING_REQUEST)
    overlap = await cases.get_overlap(
        session, principal, overlap_id, now=now, permission=Permission.HANDLING_REQUEST
    )
    request_id = await session.scalar(
        insert(HandlingRequest)
        .values(
            id=new_id(),
            overlap_id=overlap.id,
            requester_office_id=principal.office_id,
            requested_by=principal.actor,
            responder_office_id=overlap.other_office_id,
            requester_case_id=overlap.case_id,
            responder_case_id=overlap.other_case_id,
            proposed_lead=proposed_lead,
            status="pending",
            version=1,
            requested_at=now,
        )
        .on_conflict_do_nothing()
        .returning(HandlingRequest.id)
    )
    if request_id is None:
        raise HandlingOpenError
    await audit.record(
        session,
        principal,
        "handling.requested",
        str(request_id),
        recipients=[overlap.other_office_id],
        detail={"overlap": overlap.read.id, "proposed_lead": proposed_lead},
    )
    await cases_service.grant(
        session,
        principal,
        overlap.case_id,
        overlap.other_office_id,
        rung=ladder.CONTACT,
        purpose="handling_requested",
        overlap_id=overlap.id,
        now=now,
    )
    return queries.render(await queries.get_request(session, principal, request_id, now=now))


async def answer_request(
    session: AsyncSession,
    principal: Principal,
    request_id: UUID | None,
    answer: HandlingAnswer,
    *,
    if_match: Precondition,
    now: datetime,
) -> HandlingRead:
    """Accept or decline a request; the first answer is final.

    Accepting makes the matter with its one lead and shows each office the other's contact. The
    summary of either case waits for unit heads of its own office, in the register of grants.

    Raises:
        MissingScopeError: the caller lacks `handling:answer`.
        HandlingNotFoundError: absent, or between other offices; never told apart.
        HandlingNotYoursError: the caller's office sent it.
        HandlingAnsweredError: it was answered before.
        PreconditionFailedError: `if_match` does not name the version that stands.
        OverlapNotFoundError: it is to be accepted and its overlap was retracted meanwhile.
    """
    principal.require(Permission.HANDLING_ANSWER)
    row = await queries.get_request(session, principal, request_id, now=now, for_update=True)
    if row["is_sent"]:
        raise HandlingNotYoursError
    if row["status"] != "pending":
        raise HandlingAnsweredError
    if_match.require(queries.render(row).etag)
    accepted = isinstance(answer, HandlingAccept)
    if accepted:  # not on evidence that is gone by now
        await cases.get_overlap(
            session, principal, row["overlap_id"], now=now, permission=Permission.HANDLING_ANSWER
        )
    await session.execute(
        update(HandlingRequest)
        .where(HandlingRequest.id == row["id"])
        .values(
            status="accepted" if accepted else "declined",
            decline_reason=answer.reason if isinstance(answer, HandlingDecline) else None,
            answered_at=now,
            version=HandlingRequest.version + 1,
        )
    )
    await audit.record(
        session,
        principal,
        "handling.accepted" if accepted else "handling.declined",
        str(row["id"]),
        recipients=[row["requester_office_id"]],
        detail=answer.model_dump(),
    )
    if not accepted:
        await cases_service.revoke_grants(
            session,
            principal,
            row["requester_case_id"],
            principal.office_id,
            purpose="handling_requested",
            overlap_id=row["overlap_id"],
            now=now,
        )
    if accepted:
        await _begin_matter(session, principal, row["id"], now=now)
    return queries.render(await queries.get_request(session, principal, row["id"], now=now))


async def _begin_matter(
    session: AsyncSession, principal: Principal, request_id: UUID, *, now: datetime
) -> None:
    request = await session.get_one(HandlingRequest, request_id)
    sides = {
        "requester": (request.requester_office_id, request.requester_case_id),
        "counterpart": (request.responder_office_id, request.responder_case_id),
    }
    lead_office_id = sides[request.proposed_lead][0]
    session.add(
        Matter(
            request_id=request_id,
            overlap_id=request.overlap_id,
            requester_office_id=request.requester_office_id,
            responder_office_id=request.responder_office_id,
            lead_office_id=lead_office_id,
            began_at=now,
        )
    )
    await session.flush()  # the constraint on the lead speaks before anything is granted
    await audit.record(
        session, principal, "matter.began", str(request_id), recipients=[lead_office_id]
    )
    (asker, asker_case), (asked, asked_case) = sides["requester"], sides["counterpart"]
    # each office's case is granted by its own: another one of it must approve
    own = ((asker_case, asked, request.requested_by), (asked_case, asker, principal.actor))
    for case_id, grantee, granted_by in own:
        for rung in (ladder.CONTACT, ladder.SUMMARY):
            await cases_service.grant(
                session,
                principal,
                case_id,
                grantee,
                rung=rung,
                purpose="handling_accepted",
                overlap_id=request.overlap_id,
                granted_by=granted_by,
                now=now,
                awaits_approval=rung == ladder.SUMMARY,
            )


async def read_request(
    session: AsyncSession, principal: Principal, request_id: UUID | None, *, now: datetime
) -> HandlingRead:
    """Return one request that the caller's office sent or received.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
        HandlingNotFoundError: absent, or between other offices; never told apart.
    """
    principal.require(Permission.HANDLING_READ)
    read = queries.render(await queries.get_request(session, principal, request_id, now=now))
    await _record_disclosed(session, principal, [read])
    return read


async def list_requests(
    session: AsyncSession,
    principal: Principal,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
) -> list[tuple[UUID, HandlingRead]]:
    """Return a page of the requests that the caller's office sent or received, newest first.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
    """
    principal.require(Permission.HANDLING_READ)
    rows = await queries.list_requests(session, principal, before=before, limit=limit, now=now)
    found = [(row["id"], queries.render(row)) for row in rows]
    await _record_disclosed(session, principal, [read for _, read in found])
    return found


async def list_requests_of_overlap(
    session: AsyncSession, principal: Principal, overlap_id: UUID, *, now: datetime
) -> list[HandlingRead]:
    """Return the latest requests about one overlap, newest first.

    Raises:
        MissingScopeError: the caller lacks `handling:read`.
    """
    principal.require(Permission.HANDLING_READ)
    rows = await queries.list_requests_of_overlap(session, principal, overlap_id, now=now)
    shown = [queries.render(row) for row in rows]
    if shown:
        await _record_disclosed(session, principal, shown)
    return shown


async def _record_disclosed(
    session: AsyncSession, principal: Principal, shown: list[HandlingRead]
) -> None:
    await audit.record(
        session,
        principal,
        "handling_requests.disclosed",
        f"{len(shown)} requests",
        recipients=[principal.office_id],
        detail={read.id: read.status for read in shown},
    )
