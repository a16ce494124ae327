from fastapi import APIRouter, Request

from app.access.errors import AgreementNotInForceError
from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.cases.errors import CaseNotFoundError, TokenRefusedError
from app.cases.registering import Intake
from app.core.deps import Now, Session
from app.core.errors import EpochChangedError
from app.core.http import StrictRoute
from app.core.openapi import operation
from app.quick_checks import service
from app.quick_checks.schemas import QuickCheckMake, QuickCheckRead
from app.quotas.errors import QuotaExceededError
from app.sharing.routes import CASE, Ref

MAX_BODY = 512 * 1024

router = APIRouter(prefix="/v1", tags=["overlaps"], route_class=StrictRoute)


@router.post(
    CASE + "/quick-checks",
    openapi_extra=operation(
        CaseNotFoundError,
        AgreementNotInForceError,
        EpochChangedError,
        TokenRefusedError,
        QuotaExceededError,
        scope=Permission.OVERLAPS_READ,
        max_body_bytes=MAX_BODY,
    ),
)
async def quick_check(
    ref: Ref,
    body: QuickCheckMake,
    request: Request,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
) -> QuickCheckRead:
    """Ask for one of the own cases whether other offices hold a subject, without posting it.

    Nothing of the subjects is stored. It is counted before any work, and the audit keeps who asked
    for which case, why, and what was told.
    """
    intake: Intake = request.app.state.intake
    return await service.check(session, principal, intake, ref, body, now=now)
