from fastapi import APIRouter, Request

from app.access.errors import AgreementNotInForceError
from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.core.deps import Now, Session, Settings
from app.core.errors import EpochChangedError
from app.core.http import StrictRoute
from app.core.openapi import operation
from app.quotas import service
from app.quotas.errors import QuotaExceededError
from app.quotas.schemas import PermitAsk, PermitRead

router = APIRouter(prefix="/v1", tags=["tokens"], route_class=StrictRoute)


@router.post(
    "/tokens/permits",
    openapi_extra=operation(
        AgreementNotInForceError,
        EpochChangedError,
        QuotaExceededError,
        scope=Permission.TOKENS_EVALUATE,
    ),
)
async def give_permit(
    body: PermitAsk,
    request: Request,
    session: Session,
    principal: CurrentPrincipal,
    settings: Settings,
    now: Now,
) -> PermitRead:
    """Count an evaluation against the office's and the caller's own allowance and permit it.

    Blind first: the permit is for one batch, named by its digest. Send it to the evaluator.
    Asking again for the same batch within a day costs nothing.
    """
    return await service.give_permit(
        session,
        principal,
        body,
        key=request.app.state.signing_key,
        settings=settings,
        now=now,
    )
