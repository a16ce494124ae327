from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from app.access.errors import StepUpNeededError
from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.errors import IdempotencyKeyReusedError
from app.accounts.idempotency import Once
from app.accounts.pages import RequestedPage
from app.cases import ladder
from app.cases.errors import CaseNotFoundError, OverlapNotFoundError
from app.cases.overlap_schemas import OverlapId
from app.cases.schemas import ExternalId, SourceSystem
from app.core.deps import Now, Session
from app.core.http import StrictRoute
from app.core.ids import parse_public_id
from app.core.openapi import operation
from app.core.paging import CursorError
from app.offices.errors import OfficeNotFoundError
from app.offices.schemas import OfficeCode
from app.quotas.errors import QuotaExceededError
from app.sharing import audience, glass, lines, register, walls
from app.sharing.errors import (
    ChangedRequestError,
    GlassBreakNotFoundError,
    GlassReviewedError,
    GrantDecidedError,
    GrantEndedError,
    GrantNotFoundError,
    GrantRefusedError,
    ReasonRefusedError,
    SecondPersonError,
    WallLiftedError,
    WallNotFoundError,
    WallRefusedError,
)
from app.sharing.schemas import (
    AccessRead,
    AudienceAsk,
    AudienceRead,
    BreakId,
    GlassAsk,
    GlassBreakPage,
    GlassBreakRead,
    GlassReview,
    GrantApprove,
    GrantId,
    GrantMake,
    GrantPage,
    GrantRead,
    StateOverlapPage,
    WallId,
    WallPage,
    WallRead,
    WallSet,
)

router = APIRouter(prefix="/v1", tags=["sharing"], route_class=StrictRoute)
CASE = "/cases/{source_system}/{external_id}"


async def case_ref(source_system: SourceSystem, external_id: ExternalId) -> tuple[str, str]:
    """Return the caller's own name for its case."""
    return source_system, external_id


Ref = Annotated[tuple[str, str], Depends(case_ref)]


@router.post("/cases/audience-preview", openapi_extra=operation(scope=Permission.CASES_POST))
async def preview_audience(
    body: AudienceAsk, session: Session, principal: CurrentPrincipal, now: Now
) -> AudienceRead:
    """Tell how far which kinds of office would see a case, before it is posted."""
    return await audience.preview_audience(session, principal, body, now=now)


@router.get(
    CASE + "/access/{office}",
    openapi_extra=operation(CaseNotFoundError, OfficeNotFoundError, scope=Permission.GRANTS_READ),
)
async def explain_access(
    ref: Ref,
    office: Annotated[
        OfficeCode,
        Path(description="Code of the office to explain it of.", examples=["NV002000A"]),
    ],
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
) -> AccessRead:
    """Explain how far an office would see one of the own cases, and which rules say so."""
    return await audience.explain_access(session, principal, ref, office, now=now)


@router.get(
    CASE + "/grants",
    openapi_extra=operation(CaseNotFoundError, CursorError, scope=Permission.GRANTS_READ),
)
async def list_grants(
    ref: Ref,
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
    now: Now,
) -> GrantPage:
    """List what named offices were let see of one of the own cases, newest first."""
    found = await register.list_grants(
        session, principal, ref, before=page.number, limit=page.limit, now=now
    )
    return GrantPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.post(
    CASE + "/grants",
    status_code=201,
    openapi_extra=operation(CaseNotFoundError, GrantRefusedError, scope=Permission.GRANTS_GIVE),
)
async def make_grant(
    ref: Ref, body: GrantMake, session: Session, principal: CurrentPrincipal, now: Now
) -> GrantRead:
    """Let a named office see one of the own cases; from the summary on once a person approves.

    The same grant again, while it stands, is the same one.
    """
    return await register.make_grant(session, principal, ref, body, now=now)


@router.delete(
    CASE + "/grants/{grant_id}",
    openapi_extra=operation(
        CaseNotFoundError, GrantNotFoundError, GrantEndedError, scope=Permission.GRANTS_GIVE
    ),
)
async def withdraw_grant(
    ref: Ref, grant_id: GrantId, session: Session, principal: CurrentPrincipal, now: Now
) -> GrantRead:
    """Withdraw a grant; it counts from the next request on."""
    key = parse_public_id(lines.PREFIX, grant_id)
    return await register.withdraw_grant(session, principal, ref, key, now=now)


@router.post(
    CASE + "/grants/{grant_id}/approvals",
    openapi_extra=operation(
        CaseNotFoundError,
        GrantNotFoundError,
        GrantEndedError,
        GrantDecidedError,
        ChangedRequestError,
        SecondPersonError,
        StepUpNeededError,
        scope=Permission.GRANTS_APPROVE,
    ),
)
async def approve_grant(
    ref: Ref,
    grant_id: GrantId,
    body: GrantApprove,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
) -> GrantRead:
    """Approve a grant as the second person, exactly as it was read; never a machine client's."""
    key = parse_public_id(lines.PREFIX, grant_id)
    return await register.approve_grant(session, principal, ref, key, body.digest, now=now)


@router.get(
    CASE + "/walls",
    openapi_extra=operation(CaseNotFoundError, CursorError, scope=Permission.WALLS_SET),
)
async def list_walls(
    ref: Ref, session: Session, principal: CurrentPrincipal, page: RequestedPage
) -> WallPage:
    """List whom a conflict of interest keeps from one of the own cases, who longest first."""
    found = await walls.list_walls(session, principal, ref, after=page.id, limit=page.limit)
    return WallPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.post(
    CASE + "/walls",
    status_code=201,
    openapi_extra=operation(
        CaseNotFoundError, WallRefusedError, WallLiftedError, scope=Permission.WALLS_SET
    ),
)
async def set_wall(
    ref: Ref, body: WallSet, session: Session, principal: CurrentPrincipal, now: Now
) -> WallRead:
    """Keep an office, or a person of one's own, from a case; nothing overrides it."""
    return await walls.set_wall(session, principal, ref, body, now=now)


@router.delete(
    CASE + "/walls/{wall_id}",
    openapi_extra=operation(
        CaseNotFoundError,
        WallNotFoundError,
        WallLiftedError,
        StepUpNeededError,
        scope=Permission.WALLS_LIFT,
    ),
)
async def lift_wall(
    ref: Ref, wall_id: WallId, session: Session, principal: CurrentPrincipal, now: Now
) -> WallRead:
    """Ask that a wall be lifted; when another person asked within a day, lift it."""
    key = parse_public_id(walls.PREFIX, wall_id)
    return await walls.lift_wall(session, principal, ref, key, now=now)


@router.get(
    "/state-overlaps",
    openapi_extra=operation(CursorError, QuotaExceededError, scope=Permission.STATE_OVERLAPS_READ),
)
async def list_state_overlaps(
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
    now: Now,
) -> StateOverlapPage:
    """List, for the Attorney General, pointers to overlaps between two offices of the state."""
    found = await audience.list_state_overlaps(
        session, principal, before=page.id, limit=page.limit, now=now
    )
    return StateOverlapPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.post(
    "/overlaps/{overlap_id}/glass-breaks",
    status_code=201,
    response_model=GlassBreakRead,
    openapi_extra=operation(
        IdempotencyKeyReusedError,
        OverlapNotFoundError,
        ReasonRefusedError,
        SecondPersonError,
        StepUpNeededError,
        scope=Permission.GLASS_BREAK,
    ),
)
async def break_glass(
    overlap_id: OverlapId,
    body: GlassAsk,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Read the other side's summary in an emergency; its owner is told at once and reviews it."""
    key = parse_public_id(ladder.PREFIX, overlap_id)
    return await once(lambda: glass.break_glass(session, principal, key, body, now=now))


@router.get("/glass-breaks", openapi_extra=operation(CursorError, scope=Permission.GRANTS_READ))
async def list_glass_breaks(
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
) -> GlassBreakPage:
    """List notices of emergency reading, to the office and by it, newest first."""
    found = await glass.list_notices(session, principal, before=page.id, limit=page.limit)
    return GlassBreakPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.post(
    "/glass-breaks/{break_id}/reviews",
    openapi_extra=operation(
        GlassBreakNotFoundError, GlassReviewedError, scope=Permission.GLASS_REVIEW
    ),
)
async def review_glass_break(
    break_id: BreakId,
    body: GlassReview,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
) -> GlassBreakRead:
    """Close the owner's review of an emergency reading; the finding stays."""
    key = parse_public_id(glass.PREFIX, break_id)
    return await glass.review_break(session, principal, key, body.finding, now=now)
