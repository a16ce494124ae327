from fastapi import APIRouter, Request, Response

from app.access.errors import AgreementNotInForceError
from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.errors import IdempotencyKeyReusedError
from app.accounts.idempotency import Once
from app.accounts.pages import RequestedPage
from app.cases.errors import TokenRefusedError
from app.cases.routes import THEN_FINISH
from app.core.deps import Now, Session
from app.core.errors import EpochChangedError
from app.core.http import StrictRoute
from app.core.ids import parse_public_id
from app.core.openapi import operation
from app.core.paging import CursorError
from app.overlaps.errors import EpochMovedError
from app.suppressing import service
from app.suppressing.errors import (
    ScopeNotYoursError,
    SuppressionEndedError,
    SuppressionNotFoundError,
    SuppressionStandsError,
)
from app.suppressing.schemas import (
    SuppressionAdd,
    SuppressionEnd,
    SuppressionId,
    SuppressionPage,
    SuppressionRead,
)

router = APIRouter(prefix="/v1", tags=["suppressions"], route_class=StrictRoute)


@router.post(
    "/suppressions",
    status_code=201,
    response_model=SuppressionRead,
    dependencies=THEN_FINISH,
    openapi_extra=operation(
        AgreementNotInForceError,
        EpochChangedError,
        EpochMovedError,
        IdempotencyKeyReusedError,
        ScopeNotYoursError,
        SuppressionStandsError,
        TokenRefusedError,
        scope=Permission.SUPPRESSIONS_MANAGE,
    ),
)
async def add_suppression(
    body: SuppressionAdd,
    request: Request,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Put a value on the office's suppression list; overlaps that rest on it change at once."""
    keyring = request.app.state.keyring
    return await once(lambda: service.add_suppression(session, principal, keyring, body, now=now))


@router.get(
    "/suppressions",
    openapi_extra=operation(
        AgreementNotInForceError, CursorError, scope=Permission.SUPPRESSIONS_MANAGE
    ),
)
async def list_suppressions(
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
) -> SuppressionPage:
    """List the entries that apply to the office: its own, its state's and those for all."""
    found = await service.list_suppressions(session, principal, before=page.id, limit=page.limit)
    return SuppressionPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.post(
    "/suppressions/{suppression_id}/end",
    response_model=SuppressionRead,
    dependencies=THEN_FINISH,
    openapi_extra=operation(
        AgreementNotInForceError,
        EpochMovedError,
        IdempotencyKeyReusedError,
        SuppressionEndedError,
        SuppressionNotFoundError,
        scope=Permission.SUPPRESSIONS_MANAGE,
    ),
)
async def end_suppression(
    suppression_id: SuppressionId,
    body: SuppressionEnd,  # noqa: ARG001 -- each POST takes an object
    request: Request,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """End one of the office's own entries; overlaps that it held back are found again."""
    keyring = request.app.state.keyring
    key = parse_public_id(service.PREFIX, suppression_id)
    return await once(lambda: service.end_suppression(session, principal, keyring, key, now=now))
