from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from app.access.errors import MissingScopeError
from app.accounts.pages import Cursor, Limit, Page, page_of
from app.core.deps import Now, Session, Settings
from app.core.http import StrictRoute
from app.core.openapi import KNOWN, operation
from app.core.paging import CursorError
from app.notices import service
from app.notices.errors import MailAbsentError, NoticeAddressError, NoticeNotFoundError
from app.notices.schemas import (
    EventId,
    NoticeMark,
    NoticePage,
    NoticeSettingsPut,
    NoticeSettingsRead,
    NoticesMark,
    NoticesMarked,
)
from app.people.deps import CurrentPerson
from app.people.errors import NOT_SIGNED_IN, CrossSiteRequestError

router = APIRouter(prefix="/v1/me", tags=["notices"], route_class=StrictRoute)


def _own(*raises: Any) -> dict[str, Any]:
    return operation(*NOT_SIGNED_IN, MissingScopeError, *raises, scope=KNOWN)


_CHANGE = CrossSiteRequestError
UnreadOnly = Annotated[
    bool, Query(description="Leave out what is marked as read.", examples=[True])
]


async def own_page(
    request: Request,
    response: Response,
    principal: CurrentPerson,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Page:
    """Return the page of its own list that a person asks for."""
    return page_of(request, response, principal, limit, cursor)


OwnPage = Annotated[Page, Depends(own_page)]


@router.get("/notices", openapi_extra=_own(CursorError))
async def list_notices(
    session: Session,
    principal: CurrentPerson,
    page: OwnPage,
    now: Now,
    unread: UnreadOnly = False,  # noqa: FBT002 -- a query parameter
) -> NoticePage:
    """List what happened that the caller may know of and did not mute, newest first."""
    items, places = await service.list_notices(
        session, principal, before=page.id, limit=page.limit, is_unread_only=unread, now=now
    )
    return NoticePage(items=tuple(items), next_cursor=page.end(places))


@router.put("/notices/read", openapi_extra=_own(_CHANGE, NoticeNotFoundError))
async def mark_notices(
    body: NoticesMark, session: Session, principal: CurrentPerson, now: Now
) -> NoticesMarked:
    """Mark a notice and all before it as read."""
    left = await service.mark_through(session, principal, body.through, now=now)
    return NoticesMarked(unread=left)


@router.put("/notices/{event_id}/read", openapi_extra=_own(_CHANGE, NoticeNotFoundError))
async def mark_notice(
    event_id: EventId, body: NoticeMark, session: Session, principal: CurrentPerson, now: Now
) -> NoticesMarked:
    """Mark one notice as read, or take such a mark back."""
    left = await service.mark_notice(session, principal, event_id, is_read=body.is_read, now=now)
    return NoticesMarked(unread=left)


@router.get("/notice-settings", openapi_extra=_own())
async def read_notice_settings(
    session: Session, principal: CurrentPerson, settings: Settings
) -> NoticeSettingsRead:
    """Tell what the caller is told, and how."""
    return await service.read_settings(session, principal, is_mail_sent=bool(settings.smtp_host))


@router.put("/notice-settings", openapi_extra=_own(_CHANGE, MailAbsentError, NoticeAddressError))
async def put_notice_settings(
    body: NoticeSettingsPut,
    session: Session,
    principal: CurrentPerson,
    settings: Settings,
    now: Now,
) -> NoticeSettingsRead:
    """Choose what to be told of, and how often a mail says that something waits."""
    return await service.put_settings(
        session, principal, body, is_mail_sent=bool(settings.smtp_host), now=now
    )
