from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.access.errors import StepUpNeededError
from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.errors import IdempotencyKeyReusedError
from app.accounts.idempotency import Once
from app.accounts.pages import RequestedPage
from app.cases.errors import CaseNotFoundError
from app.core.deps import Now, Session
from app.core.http import StrictRoute
from app.core.ids import parse_public_id
from app.core.openapi import operation
from app.core.paging import CursorError
from app.matters import leads, origin, queries, service
from app.matters.errors import (
    InstrumentMissingError,
    LeadOfferError,
    LeadOfferLapsedError,
    LeadOfferNotFoundError,
    MatterEndedError,
    MatterNotFoundError,
)
from app.matters.schemas import (
    CaseOriginPage,
    LeadOffer,
    LeadTake,
    MatterId,
    MatterPage,
    MatterRead,
    OfferId,
    OriginList,
    Part,
    State,
)
from app.sharing.routes import CASE, Ref

router = APIRouter(prefix="/v1", tags=["matters"], route_class=StrictRoute)

_CHANGE = (MatterNotFoundError, MatterEndedError, IdempotencyKeyReusedError)


def matter_key(matter_id: MatterId) -> UUID | None:
    """Return the key of the matter that the path names, None if it names none."""
    return parse_public_id(queries.PREFIX, matter_id)


MatterKey = Annotated[UUID | None, Depends(matter_key)]


@router.get("/matters", openapi_extra=operation(CursorError, scope=Permission.HANDLING_READ))
async def list_matters(
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
    now: Now,
    state: Annotated[
        State | None,
        Query(description="Only those that hold, or only ended ones.", examples=["open"]),
    ] = None,
    role: Annotated[
        Part | None,
        Query(
            description="Only those that the office leads, or is a party of under another lead.",
            examples=["lead"],
        ),
    ] = None,
) -> MatterPage:
    """List the matters that the office is a party of, newest first."""
    found = await service.list_matters(
        session, principal, state=state, part=role, before=page.id, limit=page.limit, now=now
    )
    return MatterPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.get(
    "/matters/{matter_id}",
    openapi_extra=operation(MatterNotFoundError, scope=Permission.HANDLING_READ),
)
async def read_matter(
    matter_id: MatterKey, session: Session, principal: CurrentPrincipal, now: Now
) -> MatterRead:
    """Read a jointly handled matter: its parties, its lead, its end."""
    return await service.read_matter(session, principal, matter_id, now=now)


@router.post(
    "/matters/{matter_id}/lead-offers",
    status_code=201,
    response_model=MatterRead,
    openapi_extra=operation(
        *_CHANGE,
        StepUpNeededError,
        LeadOfferError,
        InstrumentMissingError,
        scope=Permission.HANDLING_SIGN,
        sends=["Location"],
    ),
)
async def offer_lead(
    matter_id: MatterKey,
    body: LeadOffer,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Offer the lead to another party, as leadership of the office that has it."""
    return await once(lambda: leads.offer_lead(session, principal, matter_id, body.office, now=now))


@router.post(
    "/matters/{matter_id}/lead-offers/{offer_id}/acceptances",
    response_model=MatterRead,
    openapi_extra=operation(
        *_CHANGE,
        StepUpNeededError,
        LeadOfferNotFoundError,
        LeadOfferLapsedError,
        scope=Permission.HANDLING_SIGN,
        sends=["Location"],
    ),
)
async def accept_lead(
    matter_id: MatterKey,
    offer_id: OfferId,
    body: LeadTake,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Take the lead that was offered; it passes at this moment."""
    offer = parse_public_id(service.OFFER, offer_id)
    return await once(
        lambda: leads.accept_lead(session, principal, matter_id, offer, body.from_office, now=now)
    )


@router.get(
    "/matters/{matter_id}/origin",
    openapi_extra=operation(MatterNotFoundError, scope=Permission.HANDLING_READ),
)
async def read_origin(
    matter_id: MatterKey, session: Session, principal: CurrentPrincipal, now: Now
) -> OriginList:
    """Tell what came to the own office from the registry in this matter, when and from whom."""
    return await origin.read_origin(session, principal, matter_id, now=now)


@router.get(
    CASE + "/origin",
    openapi_extra=operation(CaseNotFoundError, CursorError, scope=Permission.HANDLING_READ),
)
async def list_case_origin(
    ref: Ref, session: Session, principal: CurrentPrincipal, page: RequestedPage, now: Now
) -> CaseOriginPage:
    """List what came to the own office from the registry for one of its cases, matter or none."""
    after = page.number or 0
    items = await origin.list_case_origin(
        session, principal, ref, after=after, limit=page.limit, now=now
    )
    numbers = [after + place for place in range(1, len(items) + 1)]
    return CaseOriginPage(items=tuple(items), next_cursor=page.end(numbers))
