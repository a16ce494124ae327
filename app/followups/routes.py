from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.pages import RequestedPage
from app.cases import ladder
from app.cases.errors import OverlapNotFoundError
from app.cases.overlap_schemas import OverlapId
from app.core.deps import IfMatch, Now, Session
from app.core.errors import PreconditionFailedError, PreconditionRequiredError
from app.core.http import StrictRoute
from app.core.ids import parse_public_id
from app.core.openapi import operation
from app.core.paging import CursorError
from app.followups import mediating, service
from app.followups.errors import AssigneeRefusedError, FollowUpStateError
from app.followups.queries import Asked
from app.followups.schemas import (
    AssignmentPut,
    FollowUpPage,
    FollowUpRead,
    FollowUpStep,
    MediationPage,
)
from app.followups.states import State
from app.quotas.counting import within_look
from app.quotas.errors import QuotaExceededError

router = APIRouter(prefix="/v1", tags=["overlaps"], route_class=StrictRoute)


@router.get(
    "/follow-ups",
    openapi_extra=operation(CursorError, QuotaExceededError, scope=Permission.OVERLAPS_READ),
)
async def list_follow_ups(
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
    now: Now,
    state: Annotated[
        State | None, Query(description="In this state only.", examples=["new"])
    ] = None,
    assigned: Annotated[
        Literal["anyone", "me", "nobody"],
        Query(description="The caller's own, or those that nobody has.", examples=["me"]),
    ] = "anyone",
    overdue: Annotated[  # noqa: FBT002 -- a query parameter
        bool, Query(description="Only those whose next step is late.", examples=[True])
    ] = False,
) -> FollowUpPage:
    """List the office's overlaps with what it did about them and what is due, newest first."""
    asked = Asked(state, assigned, overdue)
    found = await service.list_follow_ups(
        session, principal, asked, before=page.id, limit=page.limit, now=now
    )
    return FollowUpPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.get(
    "/overlaps/{overlap_id}/follow-up",
    openapi_extra=operation(
        OverlapNotFoundError,
        QuotaExceededError,
        scope=Permission.OVERLAPS_READ,
        sends=["ETag"],
    ),
)
async def read_follow_up(
    overlap_id: OverlapId,
    response: Response,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
) -> FollowUpRead:
    """Read what the office did about one overlap, and what is due."""
    key = parse_public_id(ladder.PREFIX, overlap_id)
    async with within_look(session, principal, now=now):
        read = await service.read_follow_up(session, principal, key, now=now)
    response.headers["ETag"] = read.etag
    return read


@router.post(
    "/overlaps/{overlap_id}/follow-up/steps",
    openapi_extra=operation(
        OverlapNotFoundError,
        FollowUpStateError,
        PreconditionFailedError,
        PreconditionRequiredError,
        scope=Permission.OVERLAPS_JUDGE,
        sends=["ETag"],
    ),
)
async def take_follow_up_step(
    overlap_id: OverlapId,
    body: FollowUpStep,
    response: Response,
    session: Session,
    principal: CurrentPrincipal,
    if_match: IfMatch,
    now: Now,
) -> FollowUpRead:
    """Note a step of the office: acknowledged, spoke with the other office, or done."""
    key = parse_public_id(ladder.PREFIX, overlap_id)
    read = await service.take_step(session, principal, key, body, if_match=if_match, now=now)
    response.headers["ETag"] = read.etag
    return read


@router.put(
    "/overlaps/{overlap_id}/assignment",
    openapi_extra=operation(
        OverlapNotFoundError,
        FollowUpStateError,
        AssigneeRefusedError,
        PreconditionFailedError,
        PreconditionRequiredError,
        scope=Permission.OVERLAPS_JUDGE,
        sends=["ETag"],
    ),
)
async def put_assignment(
    overlap_id: OverlapId,
    body: AssignmentPut,
    response: Response,
    session: Session,
    principal: CurrentPrincipal,
    if_match: IfMatch,
    now: Now,
) -> FollowUpRead:
    """Give an overlap to somebody of the office, or to nobody; the other office never knows."""
    key = parse_public_id(ladder.PREFIX, overlap_id)
    read = await service.assign(session, principal, key, body.person, if_match=if_match, now=now)
    response.headers["ETag"] = read.etag
    return read


@router.get(
    "/mediations",
    openapi_extra=operation(CursorError, QuotaExceededError, scope=Permission.STATE_OVERLAPS_READ),
)
async def list_mediations(
    session: Session, principal: CurrentPrincipal, page: RequestedPage, now: Now
) -> MediationPage:
    """List, for the state's mediator, pointers to overlaps that were not answered in time."""
    found = await mediating.list_mediations(
        session, principal, before=page.id, limit=page.limit, now=now
    )
    return MediationPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )
