from fastapi import APIRouter

from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.pages import RequestedPage
from app.alarms import service
from app.alarms.schemas import AlarmPage
from app.core.deps import Session
from app.core.http import StrictRoute
from app.core.openapi import operation
from app.core.paging import CursorError

router = APIRouter(prefix="/v1", tags=["alarms"], route_class=StrictRoute)


@router.get("/alarms", openapi_extra=operation(CursorError, scope=Permission.ALARMS_READ))
async def list_alarms(
    session: Session, principal: CurrentPrincipal, page: RequestedPage
) -> AlarmPage:
    """List what in the office's use of the registry somebody should look at, newest first.

    The operator hears of each, and may know more about it: call the operator.
    """
    found = await service.list_alarms(session, principal, before=page.number, limit=page.limit)
    return AlarmPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )
