from fastapi import APIRouter, Response

from app.access.errors import StepUpNeededError
from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.errors import IdempotencyKeyReusedError
from app.accounts.idempotency import CurrentClaim, answer_once
from app.core.deps import Now, Session
from app.core.http import StrictRoute
from app.core.ids import parse_public_id
from app.core.openapi import operation
from app.matters import leads, origin, queries, service
from app.matters.errors import (
    InstrumentMissingError,
    LeadOfferError,
    LeadOfferNotFoundError,
    MatterEndedError,
    MatterNotFoundError,
)
from app.matters.schemas import (
    LeadOffer,
    LeadTake,
    MatterId,
    MatterRead,
    OfferId,
    OriginList,
)

router = APIRouter(prefix="/v1/matters/{matter_id}", tags=["matters"], route_class=StrictRoute)

_CHANGE = (MatterNotFoundError, MatterEndedError, IdempotencyKeyReusedError)


@router.get("", openapi_extra=operation(MatterNotFoundError, scope=Permission.HANDLING_READ))
async def read_matter(
    matter_id: MatterId, session: Session, principal: CurrentPrincipal, now: Now
) -> MatterRead:
    """Read a jointly handled matter: its parties, its lead, its end."""
    key = parse_public_id(queries.PREFIX, matter_id)
    return await service.read_matter(session, principal, key, now=now)


@router.post(
    "/lead-offers",
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
    matter_id: MatterId,
    body: LeadOffer,
    session: Session,
    principal: CurrentPrincipal,
    claim: CurrentClaim,
    now: Now,
) -> Response:
    """Offer the lead to another party, as leadership of the office that has it."""
    key = parse_public_id(queries.PREFIX, matter_id)
    return await answer_once(
        session,
        claim,
        Permission.HANDLING_SIGN,
        201,
        lambda: leads.offer_lead(session, principal, key, body.office, now=now),
    )


@router.post(
    "/lead-offers/{offer_id}/acceptances",
    response_model=MatterRead,
    openapi_extra=operation(
        *_CHANGE,
        StepUpNeededError,
        LeadOfferNotFoundError,
        scope=Permission.HANDLING_SIGN,
        sends=["Location"],
    ),
)
async def accept_lead(
    matter_id: MatterId,
    offer_id: OfferId,
    body: LeadTake,
    session: Session,
    principal: CurrentPrincipal,
    claim: CurrentClaim,
    now: Now,
) -> Response:
    """Take the lead that was offered; it passes at this moment."""
    key = parse_public_id(queries.PREFIX, matter_id)
    offer = parse_public_id(service.OFFER, offer_id)
    return await answer_once(
        session,
        claim,
        Permission.HANDLING_SIGN,
        200,
        lambda: leads.accept_lead(session, principal, key, offer, body.from_office, now=now),
    )


@router.get("/origin", openapi_extra=operation(MatterNotFoundError, scope=Permission.HANDLING_READ))
async def read_origin(
    matter_id: MatterId, session: Session, principal: CurrentPrincipal, now: Now
) -> OriginList:
    """Tell what came to the own office from the registry in this matter, when and from whom."""
    key = parse_public_id(queries.PREFIX, matter_id)
    return await origin.read_origin(session, principal, key, now=now)
