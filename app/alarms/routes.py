from fastapi import APIRouter

from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.pages import RequestedPage
from app.alarms import service
from app.alarms.schemas import AlarmPage, LateExport, LateExportRead
from app.core.deps import Now, Session
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


@router.put("/alarms/late-export", openapi_extra=operation(scope=Permission.CASES_POST))
async def report_late_export(
    body: LateExport, session: Session, principal: CurrentPrincipal, now: Now
) -> LateExportRead:
    """Tell the people who answer for the office that its system wrote no export in time.

    They are told by a notice or mail, once for each day however often it is said.
    """
    await service.report_late_export(session, principal, body.due_on, now=now)
    return LateExportRead(due_on=body.due_on)
