from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.access.errors import StepUpNeededError
from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.errors import IdempotencyKeyReusedError
from app.accounts.idempotency import Once
from app.accounts.pages import RequestedPage
from app.cases import ladder
from app.cases.errors import CaseNotFoundError, OverlapNotFoundError
from app.cases.overlap_schemas import OverlapId
from app.core.deps import IfMatch, Now, Session
from app.core.errors import AppError, PreconditionFailedError, PreconditionRequiredError
from app.core.http import PdfResponse, StrictRoute
from app.core.ids import parse_public_id
from app.core.openapi import operation
from app.core.paging import CursorError
from app.handling import answering, asking, deciding, errors, moving, queries, reading, signing
from app.handling.reads import (
    AgreementExport,
    HandlingId,
    HandlingPage,
    HandlingRead,
    TermsVersionList,
)
from app.handling.schemas import (
    HandlingAnswer,
    HandlingAsk,
    HandlingDecision,
    HandlingMove,
    HandlingSign,
    InstrumentRecord,
)
from app.matters.errors import InstrumentMissingError, WordsRefusedError
from app.sharing.routes import CASE, Ref

router = APIRouter(prefix="/v1", tags=["handling"], route_class=StrictRoute)
_OF_TERMS = errors.TermsRefusedError, errors.PartiesRefusedError


def _step(*raises: type[AppError], scope: Permission) -> dict[str, Any]:
    moved = errors.HandlingNotFoundError, errors.HandlingMovedError, errors.HandlingNotYoursError
    stale = PreconditionFailedError, PreconditionRequiredError, IdempotencyKeyReusedError
    return operation(*moved, *stale, *raises, scope=scope, sends=["ETag", "Location"])


def request_key(request_id: HandlingId) -> UUID | None:
    """Return the key of the request that the path names, None if it names none."""
    return parse_public_id(queries.PREFIX, request_id)


RequestKey = Annotated[UUID | None, Depends(request_key)]


@router.post(
    "/overlaps/{overlap_id}/handling-requests",
    status_code=201,
    response_model=HandlingRead,
    openapi_extra=operation(
        *(OverlapNotFoundError, errors.HandlingOpenError, IdempotencyKeyReusedError),
        *_OF_TERMS,
        scope=Permission.HANDLING_REQUEST,
        sends=["ETag", "Location"],
    ),
)
async def request_handling(
    overlap_id: OverlapId,
    body: HandlingAsk,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Ask the other office of an overlap, and others: a question is sent, an agreement drafted."""
    key = parse_public_id(ladder.PREFIX, overlap_id)
    return await once(lambda: asking.request_handling(session, principal, key, body, now=now))


@router.post(
    CASE + "/handling-requests",
    status_code=201,
    response_model=HandlingRead,
    openapi_extra=operation(
        *(CaseNotFoundError, OverlapNotFoundError, errors.HandlingOpenError),
        *(*_OF_TERMS, IdempotencyKeyReusedError),
        scope=Permission.HANDLING_REQUEST,
        sends=["ETag", "Location"],
    ),
)
async def request_handling_of_case(
    ref: Ref,
    body: HandlingAsk,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Ask offices, by code, about an own case that need not overlap; they learn nothing of it."""
    return await once(
        lambda: asking.request_handling_of_case(session, principal, ref, body, now=now)
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
    found = await reading.list_requests(
        session, principal, before=page.id, limit=page.limit, now=now
    )
    keys = [key for key, _ in found]
    return HandlingPage(items=tuple(read for _, read in found), next_cursor=page.end(keys))


@router.get(
    "/handling-requests/{request_id}",
    openapi_extra=operation(
        errors.HandlingNotFoundError, scope=Permission.HANDLING_READ, sends=["ETag"]
    ),
)
async def read_handling_request(
    request_id: RequestKey,
    response: Response,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
) -> HandlingRead:
    """Read one request: where it stands, and what the office can do next."""
    read = await reading.read_request(session, principal, request_id, now=now)
    response.headers["ETag"] = read.etag
    return read


@router.get(
    "/handling-requests/{request_id}/terms",
    openapi_extra=operation(errors.HandlingNotFoundError, scope=Permission.HANDLING_READ),
)
async def list_handling_terms(
    request_id: RequestKey, session: Session, principal: CurrentPrincipal, now: Now
) -> TermsVersionList:
    """List every version of the terms, what each changed, and the text that is signed."""
    return await reading.list_terms(session, principal, request_id, now=now)


@router.get(
    "/handling-requests/{request_id}/agreement",
    openapi_extra=operation(errors.HandlingNotFoundError, scope=Permission.HANDLING_READ),
)
async def export_agreement(
    request_id: RequestKey, session: Session, principal: CurrentPrincipal, now: Now
) -> AgreementExport:
    """Export the request with its versions, signatures and instruments."""
    return await reading.export_agreement(session, principal, request_id, now=now)


@router.get(
    "/handling-requests/{request_id}/agreement.pdf",
    response_class=PdfResponse,
    openapi_extra=operation(errors.HandlingNotFoundError, scope=Permission.HANDLING_READ),
)
async def print_agreement(
    request_id: RequestKey, session: Session, principal: CurrentPrincipal, now: Now
) -> PdfResponse:
    """Print the agreement with its text, signatures and instruments as a tagged PDF."""
    return PdfResponse(await reading.print_agreement(session, principal, request_id, now=now))


@router.post(
    "/handling-requests/{request_id}/moves",
    response_model=HandlingRead,
    openapi_extra=_step(*_OF_TERMS, scope=Permission.HANDLING_REQUEST),
)
async def move_handling_request(
    request_id: RequestKey,
    body: HandlingMove,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    if_match: IfMatch,
    now: Now,
) -> Response:
    """Revise a draft, give it to the own leadership, or take the request back."""
    return await once(
        lambda: moving.move_request(
            session, principal, request_id, body, if_match=if_match, now=now
        )
    )


@router.post(
    "/handling-requests/{request_id}/answers",
    response_model=HandlingRead,
    openapi_extra=_step(
        *(*_OF_TERMS, errors.HandlingDoneError, errors.ReasonNeededError),
        *(OverlapNotFoundError, WordsRefusedError),
        scope=Permission.HANDLING_ANSWER,
    ),
)
async def answer_handling_request(
    request_id: RequestKey,
    body: HandlingAnswer,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    if_match: IfMatch,
    now: Now,
) -> Response:
    """Accept, decline with a reason, counter, extend, admit another office, or close a question."""
    return await once(
        lambda: answering.answer_request(
            session, principal, request_id, body, if_match=if_match, now=now
        )
    )


@router.post(
    "/handling-requests/{request_id}/signatures",
    response_model=HandlingRead,
    openapi_extra=_step(
        *(StepUpNeededError, errors.HandlingDoneError, errors.SignatureRefusedError),
        *(*_OF_TERMS, errors.TextChangedError, errors.TermsLapsedError, InstrumentMissingError),
        WordsRefusedError,
        scope=Permission.HANDLING_SIGN,
    ),
)
async def sign_handling_request(
    request_id: RequestKey,
    body: HandlingSign,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    if_match: IfMatch,
    now: Now,
) -> Response:
    """Sign the exact text of the terms on the table, as leadership of the own office."""
    return await once(
        lambda: signing.sign_request(
            session, principal, request_id, body, if_match=if_match, now=now
        )
    )


@router.post(
    "/handling-requests/{request_id}/decisions",
    response_model=HandlingRead,
    openapi_extra=_step(
        *(StepUpNeededError, errors.HandlingDoneError, errors.PartyStaysError),
        scope=Permission.HANDLING_SIGN,
    ),
)
async def decide_handling_request(
    request_id: RequestKey,
    body: HandlingDecision,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    if_match: IfMatch,
    now: Now,
) -> Response:
    """Return the own office's draft, leave an agreement or conclude it, as leadership."""
    return await once(
        lambda: deciding.decide_request(
            session, principal, request_id, body, if_match=if_match, now=now
        )
    )


@router.post(
    "/handling-requests/{request_id}/instruments",
    status_code=201,
    response_model=HandlingRead,
    openapi_extra=operation(
        *(errors.HandlingNotFoundError, errors.HandlingMovedError),
        *(errors.HandlingNotYoursError, errors.TooManyInstrumentsError),
        *(IdempotencyKeyReusedError, WordsRefusedError),
        scope=Permission.HANDLING_ANSWER,
        sends=["ETag", "Location"],
    ),
)
async def record_instrument(
    request_id: RequestKey,
    body: InstrumentRecord,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Enter a referral or consent on paper; the document stays in the office."""
    return await once(
        lambda: deciding.record_instrument(session, principal, request_id, body, now=now)
    )
