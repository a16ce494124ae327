from fastapi import APIRouter

from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.cases.errors import CaseNotFoundError
from app.core.deps import Now, Session
from app.core.http import StrictRoute
from app.core.openapi import operation
from app.networks import service
from app.networks.schemas import NetworkRead
from app.quotas.errors import QuotaExceededError
from app.sharing.routes import CASE, Ref

router = APIRouter(prefix="/v1", tags=["overlaps"], route_class=StrictRoute)


@router.get(
    CASE + "/network",
    openapi_extra=operation(CaseNotFoundError, QuotaExceededError, scope=Permission.OVERLAPS_READ),
)
async def read_network(
    ref: Ref, session: Session, principal: CurrentPrincipal, now: Now
) -> NetworkRead:
    """Show the overlaps around one of the own cases as one network, as far as each may be seen."""
    return await service.read_network(session, principal, ref, now=now)
