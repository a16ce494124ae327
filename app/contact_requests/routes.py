from fastapi import APIRouter, Response

from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.errors import IdempotencyKeyReusedError
from app.accounts.idempotency import Once
from app.accounts.pages import RequestedPage
from app.cases import ladder
from app.cases.errors import OverlapNotFoundError
from app.cases.overlap_schemas import OverlapId
from app.contact_requests import reading, service
from app.contact_requests.errors import (
    ContactRequestEndedError,
    ContactRequestNotFoundError,
    ContactRequestNotYoursError,
    ContactRequestOpenError,
    ContactShownError,
)
from app.contact_requests.schemas import (
    ContactAnswer,
    ContactAsk,
    ContactRequestId,
    ContactRequestPage,
    ContactRequestRead,
)
from app.core.deps import IfMatch, Now, Session
from app.core.errors import PreconditionFailedError, PreconditionRequiredError
from app.core.http import StrictRoute
from app.core.ids import parse_public_id
from app.core.openapi import operation
from app.core.paging import CursorError

router = APIRouter(prefix="/v1", tags=["overlaps"], route_class=StrictRoute)


@router.post(
    "/overlaps/{overlap_id}/contact-requests",
    status_code=201,
    response_model=ContactRequestRead,
    openapi_extra=operation(
        OverlapNotFoundError,
        ContactShownError,
        ContactRequestOpenError,
        IdempotencyKeyReusedError,
        scope=Permission.HANDLING_REQUEST,
        sends=["ETag", "Location"],
    ),
)
async def request_contact(
    overlap_id: OverlapId,
    body: ContactAsk,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Ask the other side of an overlap to show whom to call; it then sees who asks."""
    key = parse_public_id(ladder.PREFIX, overlap_id)
    return await once(
        lambda: service.request_contact(session, principal, key, body.reason, now=now)
    )


@router.get(
    "/contact-requests", openapi_extra=operation(CursorError, scope=Permission.HANDLING_READ)
)
async def list_contact_requests(
    session: Session, principal: CurrentPrincipal, page: RequestedPage, now: Now
) -> ContactRequestPage:
    """List the requests for a contact that the office sent or received, newest first."""
    found = await reading.list_requests(
        session, principal, before=page.id, limit=page.limit, now=now
    )
    return ContactRequestPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.get(
    "/contact-requests/{request_id}",
    openapi_extra=operation(
        ContactRequestNotFoundError, scope=Permission.HANDLING_READ, sends=["ETag"]
    ),
)
async def read_contact_request(
    request_id: ContactRequestId,
    response: Response,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
) -> ContactRequestRead:
    """Read one request for a contact."""
    key = parse_public_id(reading.PREFIX, request_id)
    read = await reading.read_request(session, principal, key, now=now)
    response.headers["ETag"] = read.etag
    return read


@router.post(
    "/contact-requests/{request_id}/answers",
    response_model=ContactRequestRead,
    openapi_extra=operation(
        ContactRequestNotFoundError,
        ContactRequestNotYoursError,
        ContactRequestEndedError,
        OverlapNotFoundError,
        PreconditionFailedError,
        PreconditionRequiredError,
        IdempotencyKeyReusedError,
        scope=Permission.HANDLING_ANSWER,
        sends=["ETag", "Location"],
    ),
)
async def answer_contact_request(
    request_id: ContactRequestId,
    body: ContactAnswer,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    if_match: IfMatch,
    now: Now,
) -> Response:
    """Accept a request, decline it with a reason, or withdraw one's own; the first is final."""
    key = parse_public_id(reading.PREFIX, request_id)
    return await once(
        lambda: service.answer_request(session, principal, key, body, if_match=if_match, now=now)
    )
