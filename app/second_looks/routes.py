from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.pages import RequestedPage
from app.core.deps import IfMatch, Now, Session
from app.core.errors import PreconditionFailedError, PreconditionRequiredError
from app.core.http import StrictRoute
from app.core.ids import parse_public_id
from app.core.openapi import operation
from app.core.paging import CursorError
from app.quotas.errors import QuotaExceededError
from app.second_looks import service
from app.second_looks.errors import SecondLookNotFoundError, SecondLookStateError
from app.second_looks.schemas import (
    SecondLookId,
    SecondLookPage,
    SecondLookRead,
    SecondLookStep,
    Whose,
)

router = APIRouter(prefix="/v1", tags=["overlaps"], route_class=StrictRoute)


@router.get(
    "/second-looks",
    openapi_extra=operation(CursorError, QuotaExceededError, scope=Permission.OVERLAPS_READ),
)
async def list_second_looks(
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
    now: Now,
    whose: Annotated[
        Whose, Query(description="Whose declined cases are looked at again.", examples=["own"])
    ] = "own",
) -> SecondLookPage:
    """List declined cases that overlap since; of other sides where their summary is shown."""
    found = await service.list_looks(
        session, principal, whose, before=page.id, limit=page.limit, now=now
    )
    return SecondLookPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.post(
    "/second-looks/{look_id}/steps",
    openapi_extra=operation(
        SecondLookNotFoundError,
        SecondLookStateError,
        PreconditionFailedError,
        PreconditionRequiredError,
        scope=Permission.OVERLAPS_JUDGE,
        sends=["ETag"],
    ),
)
async def take_second_look_step(
    look_id: SecondLookId,
    body: SecondLookStep,
    response: Response,
    session: Session,
    principal: CurrentPrincipal,
    if_match: IfMatch,
    now: Now,
) -> SecondLookRead:
    """Acknowledge that the office is asked to look again, or close it with an outcome."""
    key = parse_public_id(service.PREFIX, look_id)
    read = await service.take_step(session, principal, key, body, if_match=if_match, now=now)
    response.headers["ETag"] = read.etag
    return read
