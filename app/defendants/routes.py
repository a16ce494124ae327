from fastapi import APIRouter

from app.access.errors import AgreementNotInForceError
from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.pages import RequestedPage
from app.core.deps import Now, Session
from app.core.http import StrictRoute
from app.core.openapi import operation
from app.core.paging import CursorError
from app.defendants import service
from app.defendants.schemas import ChargePage, FeedChoicePut, FeedChoiceRead

router = APIRouter(prefix="/v1", tags=["defendant feed"], route_class=StrictRoute)


@router.get(
    "/defendant-feed",
    openapi_extra=operation(
        AgreementNotInForceError, CursorError, scope=Permission.DEFENDANT_FEED_READ
    ),
)
async def list_charges(
    session: Session, principal: CurrentPrincipal, page: RequestedPage, now: Now
) -> ChargePage:
    """List newly charged defendants as digests, to be compared inside the office.

    Read it to its end, whatever the office looks for: which pages are asked for must tell nothing.
    """
    epoch, found = await service.list_charges(
        session, principal, before=page.number, limit=page.limit, now=now
    )
    return ChargePage(
        epoch=epoch,
        items=tuple(read for _, read in found),
        next_cursor=page.end([key for key, _ in found]),
    )


@router.get(
    "/defendant-feed/choice", openapi_extra=operation(scope=Permission.DEFENDANT_FEED_CHOOSE)
)
async def read_feed_choice(session: Session, principal: CurrentPrincipal) -> FeedChoiceRead:
    """Read what the office decided about being named in the feed."""
    return await service.read_choice(session, principal)


@router.put(
    "/defendant-feed/choice", openapi_extra=operation(scope=Permission.DEFENDANT_FEED_CHOOSE)
)
async def put_feed_choice(
    body: FeedChoicePut, session: Session, principal: CurrentPrincipal, now: Now
) -> FeedChoiceRead:
    """Decide whether the feed names the office for `contact_first` cases; it counts at once."""
    return await service.put_choice(session, principal, body, now=now)
