from fastapi import APIRouter, BackgroundTasks, Depends, Request, Response

from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.pages import RequestedPage
from app.cases import ladder, posting, service
from app.cases.errors import (
    CaseHeldError,
    CaseNotFoundError,
    DuplicateCaseError,
    OverlapMovedError,
    OverlapNotFoundError,
    SummaryRefusedError,
    TextRefusedError,
    TokenRefusedError,
)
from app.cases.overlap_schemas import OverlapId, OverlapRead, VerdictPut
from app.cases.receipt_schemas import CaseReceipt, CasesResult
from app.cases.registering import Intake
from app.cases.schemas import (
    CasePage,
    CasePut,
    CaseRead,
    CasesPut,
    CommonValuePage,
    ExternalId,
    SourceSystem,
)
from app.core.deps import (
    IfMatch,
    Now,
    OptionalIfMatch,
    Session,
)
from app.core.errors import (
    EpochChangedError,
    PreconditionFailedError,
    PreconditionRequiredError,
)
from app.core.http import StrictRoute
from app.core.ids import parse_public_id
from app.core.openapi import operation
from app.core.paging import CursorError
from app.rematching import backlog

MAX_BULK_BYTES = 2 * 1024 * 1024

router = APIRouter(prefix="/v1", route_class=StrictRoute)


async def then_finish(request: Request, session: Session, tasks: BackgroundTasks) -> None:
    """After the answer, find the pairs of cases that the operation left: nobody waits for them."""
    state = request.app.state
    tasks.add_task(backlog.finish_left, session, state.sessions, state.keyring)


THEN_FINISH = [Depends(then_finish)]


@router.put(
    "/cases/{source_system}/{external_id}",
    tags=["cases"],
    responses={201: {"model": CaseReceipt, "description": "The case is new."}},
    dependencies=THEN_FINISH,
    openapi_extra=operation(
        EpochChangedError,
        PreconditionFailedError,
        CaseHeldError,
        SummaryRefusedError,
        TextRefusedError,
        TokenRefusedError,
        scope=Permission.CASES_POST,
        sends=["ETag"],
    ),
)
async def put_case(  # noqa: PLR0913, PLR0917 -- the path has two parts
    source_system: SourceSystem,
    external_id: ExternalId,
    body: CasePut,
    request: Request,
    response: Response,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
    if_match: OptionalIfMatch,
) -> CaseReceipt:
    """Post a case or replace it; the answer carries the overlaps that the office may know of.

    Posting the same thing again changes nothing and answers with the overlaps of that moment. With
    If-Match it replaces only the version that the caller read.
    """
    intake: Intake = request.app.state.intake
    receipt = await posting.put_case(
        session, principal, intake, (source_system, external_id), body, if_match=if_match, now=now
    )
    response.status_code = {"created": 201}.get(receipt.result, 200)
    response.headers["ETag"] = f'"{receipt.version}"'
    return receipt


@router.put(
    "/cases",
    tags=["cases"],
    dependencies=THEN_FINISH,
    openapi_extra=operation(
        DuplicateCaseError, scope=Permission.CASES_POST, max_body_bytes=MAX_BULK_BYTES
    ),
)
async def put_cases(
    body: CasesPut, request: Request, session: Session, principal: CurrentPrincipal, now: Now
) -> CasesResult:
    """Post up to 200 cases in one transaction; each bad one is refused by itself."""
    intake: Intake = request.app.state.intake
    results = await posting.put_cases(session, principal, intake, body.cases, now=now)
    return CasesResult(results=tuple(results))


@router.get(
    "/cases",
    tags=["cases"],
    openapi_extra=operation(CursorError, scope=Permission.CASES_READ),
)
async def list_cases(
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
) -> CasePage:
    """List the office's own cases, newest first."""
    found = await service.list_cases(session, principal, before=page.number, limit=page.limit)
    items = tuple(CaseRead.model_validate(case, from_attributes=True) for case in found)
    return CasePage(items=items, next_cursor=page.end([case.id for case in found]))


@router.get(
    "/cases/{source_system}/{external_id}",
    tags=["cases"],
    openapi_extra=operation(CaseNotFoundError, scope=Permission.CASES_READ, sends=["ETag"]),
)
async def read_case(
    source_system: SourceSystem,
    external_id: ExternalId,
    response: Response,
    session: Session,
    principal: CurrentPrincipal,
) -> CaseRead:
    """Read one of the office's own cases."""
    case = await service.read_case(session, principal, source_system, external_id)
    read = CaseRead.model_validate(case, from_attributes=True)
    response.headers["ETag"] = read.etag
    return read


@router.delete(
    "/cases/{source_system}/{external_id}",
    tags=["cases"],
    status_code=204,
    dependencies=THEN_FINISH,
    openapi_extra=operation(
        CaseNotFoundError, CaseHeldError, PreconditionFailedError, scope=Permission.CASES_POST
    ),
)
async def withdraw_case(
    source_system: SourceSystem,
    external_id: ExternalId,
    request: Request,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
    if_match: OptionalIfMatch,
) -> None:
    """Withdraw a case: its subjects, tokens and facts are deleted, its overlaps retracted.

    With If-Match only the version that the caller read.
    """
    intake: Intake = request.app.state.intake
    ref = (source_system, external_id)
    await service.withdraw_case(session, principal, intake, ref, if_match=if_match, now=now)


@router.get(
    "/common-values",
    tags=["cases"],
    openapi_extra=operation(CursorError, scope=Permission.CASES_READ),
)
async def list_common_values(
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
) -> CommonValuePage:
    """List the values in the office's own cases that are too common to match, with the reason."""
    found = await service.list_common_values(session, principal, after=page.id, limit=page.limit)
    return CommonValuePage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.put(
    "/overlaps/{overlap_id}/verdict",
    tags=["overlaps"],
    openapi_extra=operation(
        OverlapNotFoundError,
        OverlapMovedError,
        PreconditionFailedError,
        PreconditionRequiredError,
        scope=Permission.OVERLAPS_JUDGE,
        sends=["ETag"],
    ),
)
async def put_verdict(
    overlap_id: OverlapId,
    body: VerdictPut,
    response: Response,
    session: Session,
    principal: CurrentPrincipal,
    if_match: IfMatch,
    now: Now,
) -> OverlapRead:
    """Say whether an overlap is a match; the other office reads it as far as it sees the overlap.

    `not_a_match` holds until the kinds of evidence change; then it is reopened and says how.
    """
    key = parse_public_id(ladder.PREFIX, overlap_id)
    seen = await service.put_verdict(session, principal, key, body, if_match=if_match, now=now)
    response.headers["ETag"] = seen.read.etag
    return seen.read
