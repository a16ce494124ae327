from fastapi import APIRouter

from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.pages import RequestedPage
from app.cases.errors import CaseNotFoundError
from app.core.deps import Now, Session
from app.core.http import StrictRoute
from app.core.openapi import operation
from app.core.paging import CursorError
from app.matters import origin
from app.matters.errors import MatterNotFoundError
from app.matters.routes import MatterKey
from app.matters.schemas import CaseOriginPage, OriginList
from app.sharing.routes import CASE, Ref

router = APIRouter(prefix="/v1", tags=["matters"], route_class=StrictRoute)


@router.get(
    "/matters/{matter_id}/origin",
    openapi_extra=operation(MatterNotFoundError, scope=Permission.HANDLING_READ),
)
async def read_origin(
    matter_id: MatterKey, session: Session, principal: CurrentPrincipal, now: Now
) -> OriginList:
    """Tell what came to the own office from the registry in this matter, when and from whom."""
    return await origin.read_origin(session, principal, matter_id, now=now)


@router.get(
    CASE + "/origin",
    openapi_extra=operation(CaseNotFoundError, CursorError, scope=Permission.HANDLING_READ),
)
async def list_case_origin(
    ref: Ref, session: Session, principal: CurrentPrincipal, page: RequestedPage, now: Now
) -> CaseOriginPage:
    """List what came to the own office from the registry for one of its cases, matter or none."""
    after = page.number or 0
    items = await origin.list_case_origin(
        session, principal, ref, after=after, limit=page.limit, now=now
    )
    numbers = [after + place for place in range(1, len(items) + 1)]
    return CaseOriginPage(items=tuple(items), next_cursor=page.end(numbers))
