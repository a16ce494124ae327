from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.pages import RequestedPage
from app.cases import ladder
from app.cases.errors import OverlapNotFoundError
from app.cases.overlap_schemas import OverlapId, OverlapPage, OverlapRead
from app.cases.vocabulary import ReadReason
from app.core.deps import Now, Session
from app.core.http import StrictRoute
from app.core.ids import parse_public_id
from app.core.openapi import operation
from app.core.paging import CursorError
from app.openings import service
from app.quotas.errors import QuotaExceededError

router = APIRouter(prefix="/v1", tags=["overlaps"], route_class=StrictRoute)
Reason = Annotated[
    ReadReason | None,
    Query(
        description="What the other case is read for; without one `counterpart.case` is null.",
        examples=["charging"],
    ),
]


Retracted = Annotated[
    bool,
    Query(
        description="Those seen before and retracted in the last 90 days, instead of the rest.",
        examples=[False],
    ),
]


@router.get(
    "/overlaps",
    openapi_extra=operation(CursorError, QuotaExceededError, scope=Permission.OVERLAPS_READ),
)
async def list_overlaps(
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
    now: Now,
    retracted: Retracted = False,  # noqa: FBT002 -- a query parameter
) -> OverlapPage:
    """List the possible matches that the office may know of, newest first.

    Of pages an office and each of its clients and people have an allowance.
    """
    found = await service.list_overlaps(
        session, principal, before=page.id, limit=page.limit, now=now, retracted=retracted
    )
    return OverlapPage(
        items=tuple(seen.read for seen in found), next_cursor=page.end([seen.id for seen in found])
    )


@router.get(
    "/overlaps/{overlap_id}",
    openapi_extra=operation(
        OverlapNotFoundError,
        QuotaExceededError,
        scope=Permission.OVERLAPS_READ,
        sends=["ETag"],
    ),
)
async def read_overlap(
    overlap_id: OverlapId,
    response: Response,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
    reason: Reason = None,
) -> OverlapRead:
    """Read one overlap: why it was found, and of the other side what its owner lets be seen.

    What the other case is about is shown with a reason only, which its owner reads in its log. Of
    these readings an office and each of its clients and people have an allowance.
    """
    key = parse_public_id(ladder.PREFIX, overlap_id)
    seen = await service.read_overlap(session, principal, key, reason=reason, now=now)
    response.headers["ETag"] = seen.read.etag
    return seen.read
