from fastapi import APIRouter, Response

from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.errors import IdempotencyKeyReusedError
from app.accounts.idempotency import CurrentClaim, answer_once
from app.accounts.pages import RequestedPage
from app.cases import ladder
from app.cases.errors import OverlapNotFoundError
from app.cases.overlap_schemas import OverlapId
from app.core.deps import IfMatch, Now, Session
from app.core.errors import PreconditionFailedError, PreconditionRequiredError
from app.core.http import StrictRoute
from app.core.ids import parse_public_id
from app.core.openapi import operation
from app.core.paging import CursorError
from app.handling import queries, service
from app.handling.errors import (
    HandlingAnsweredError,
    HandlingNotFoundError,
    HandlingNotYoursError,
    HandlingOpenError,
)
from app.handling.schemas import (
    HandlingAnswer,
    HandlingAsk,
    HandlingId,
    HandlingPage,
    HandlingRead,
)

router = APIRouter(prefix="/v1", tags=["handling"], route_class=StrictRoute)


@router.post(
    "/overlaps/{overlap_id}/handling-requests",
    status_code=201,
    response_model=HandlingRead,
    openapi_extra=operation(
        OverlapNotFoundError,
        HandlingOpenError,
        IdempotencyKeyReusedError,
        scope=Permission.HANDLING_REQUEST,
        sends=["ETag", "Location"],
    ),
)
async def request_handling(
    overlap_id: OverlapId,
    body: HandlingAsk,
    session: Session,
    principal: CurrentPrincipal,
    claim: CurrentClaim,
    now: Now,
) -> Response:
    """Ask the other office to handle an overlap jointly."""
    key = parse_public_id(ladder.PREFIX, overlap_id)
    return await answer_once(
        session,
        claim,
        Permission.HANDLING_REQUEST,
        201,
        lambda: service.request_handling(session, principal, key, body.proposed_lead, now=now),
    )


@router.get(
    "/handling-requests", openapi_extra=operation(CursorError, scope=Permission.HANDLING_READ)
)
async def list_handling_requests(
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
    now: Now,
) -> HandlingPage:
    """List the requests that the office sent or received, newest first."""
    found = await service.list_requests(
        session, principal, before=page.id, limit=page.limit, now=now
    )
    return HandlingPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.get(
    "/handling-requests/{request_id}",
    openapi_extra=operation(HandlingNotFoundError, scope=Permission.HANDLING_READ, sends=["ETag"]),
)
async def read_handling_request(
    request_id: HandlingId,
    response: Response,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
) -> HandlingRead:
    """Read one request for joint handling."""
    key = parse_public_id(queries.PREFIX, request_id)
    read = await service.read_request(session, principal, key, now=now)
    response.headers["ETag"] = read.etag
    return read


@router.post(
    "/handling-requests/{request_id}/answers",
    response_model=HandlingRead,
    openapi_extra=operation(
        HandlingNotFoundError,
        HandlingNotYoursError,
        HandlingAnsweredError,
        PreconditionFailedError,
        PreconditionRequiredError,
        IdempotencyKeyReusedError,
        scope=Permission.HANDLING_ANSWER,
        sends=["ETag", "Location"],
    ),
)
async def answer_handling_request(
    request_id: HandlingId,
    body: HandlingAnswer,
    session: Session,
    principal: CurrentPrincipal,
    claim: CurrentClaim,
    if_match: IfMatch,
    now: Now,
) -> Response:
    """Accept a request, or decline it with a reason; the first answer is final."""
    key = parse_public_id(queries.PREFIX, request_id)
    return await answer_once(
        session,
        claim,
        Permission.HANDLING_ANSWER,
        200,
        lambda: service.answer_request(session, principal, key, body, if_match=if_match, now=now),
    )
