from fastapi import APIRouter

from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.pages import RequestedPage
from app.core.deps import Session
from app.core.http import StrictRoute
from app.core.openapi import operation
from app.core.paging import CursorError
from app.jobs import service
from app.jobs.schemas import RunPage

router = APIRouter(prefix="/v1", tags=["runs"], route_class=StrictRoute)


@router.get("/runs", openapi_extra=operation(CursorError, scope=Permission.RUNS_READ))
async def list_runs(session: Session, principal: CurrentPrincipal, page: RequestedPage) -> RunPage:
    """List the nightly runs, newest first: which ended well, and which step failed."""
    found = await service.list_runs(session, principal, before=page.id, limit=page.limit)
    return RunPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )
