from fastapi import APIRouter

from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.pages import RequestedPage
from app.core.deps import Now, Session
from app.core.http import StrictRoute
from app.core.openapi import operation
from app.core.paging import CursorError
from app.notifications import service
from app.notifications.errors import EventsForgottenError
from app.notifications.schemas import EventPage

router = APIRouter(prefix="/v1", tags=["events"], route_class=StrictRoute)


@router.get(
    "/events",
    openapi_extra=operation(CursorError, EventsForgottenError, scope=Permission.OVERLAPS_READ),
)
async def list_events(
    session: Session, principal: CurrentPrincipal, page: RequestedPage, now: Now
) -> EventPage:
    """List what happened to the office's overlaps and cases in the last 90 days, oldest first.

    Keep `resume_cursor` and send it the next time: the feed then has each event once and leaves
    none out. A cursor that was not used for 90 days is refused with 410: events after it may be
    gone.
    """
    items, reached, is_full = await service.list_events(
        session, principal, after=page.reached, limit=page.limit, now=now
    )
    cursor = page.onward(reached)
    return EventPage(
        items=tuple(items), next_cursor=cursor if is_full else None, resume_cursor=cursor
    )
