from fastapi import APIRouter

from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.pages import RequestedPage
from app.cases.errors import CaseNotFoundError
from app.checks import service
from app.checks.schemas import CheckMake, CheckPage, CheckRead
from app.core.deps import Now, Session
from app.core.http import StrictRoute
from app.core.openapi import operation
from app.core.paging import CursorError
from app.sharing.routes import CASE, Ref

router = APIRouter(prefix="/v1", tags=["overlaps"], route_class=StrictRoute)


@router.post(
    CASE + "/checks",
    status_code=201,
    openapi_extra=operation(CaseNotFoundError, scope=Permission.OVERLAPS_READ),
)
async def check_before_act(
    ref: Ref, body: CheckMake, session: Session, principal: CurrentPrincipal, now: Now
) -> CheckRead:
    """Tell before a plea, declination, charge or operation who else is on the case; it is recorded.

    It advises only: no act waits for it. A repeat is a new check, of what stands then.
    """
    return await service.check_before(session, principal, ref, body.act, now=now)


@router.get(
    CASE + "/checks",
    openapi_extra=operation(CaseNotFoundError, CursorError, scope=Permission.OVERLAPS_READ),
)
async def list_checks(
    ref: Ref, session: Session, principal: CurrentPrincipal, page: RequestedPage
) -> CheckPage:
    """List who checked one of the own cases before which act, and what they were shown."""
    found = await service.list_checks(session, principal, ref, before=page.id, limit=page.limit)
    return CheckPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )
