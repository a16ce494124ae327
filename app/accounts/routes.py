from typing import Annotated

from fastapi import APIRouter, Form, Query, Request

from app.access.permissions import Permission
from app.accounts import queries, review, service
from app.accounts.deps import CurrentPrincipal
from app.accounts.errors import (
    ClientKeyError,
    InvalidClientError,
    InvalidGrantError,
    KeyExistsError,
    KeyNotFoundError,
    LastKeyError,
    TooManyKeysError,
)
from app.accounts.pages import RequestedPage
from app.accounts.schemas import (
    AccessReview,
    AccessTokenRead,
    AccessTokenRequest,
    ClientKeyAdd,
    ClientKeyEnd,
    ClientKeyRead,
    Kid,
    MeRead,
)
from app.core.deps import Now, Session, Settings, caller_address
from app.core.errors import UnavailableError
from app.core.http import StrictRoute
from app.core.openapi import KNOWN, PUBLIC, operation
from app.core.paging import CursorError
from app.offices import service as offices
from app.offices.schemas import Named, OfficeFilter, OfficePage, OfState

router = APIRouter(prefix="/v1", route_class=StrictRoute)


@router.post(
    "/oauth/token",
    tags=["accounts"],
    openapi_extra=operation(InvalidClientError, InvalidGrantError, UnavailableError, scope=PUBLIC),
)
async def issue_access_token(
    body: Annotated[AccessTokenRequest, Form()],
    request: Request,
    session: Session,
    settings: Settings,
    now: Now,
) -> AccessTokenRead:
    """Exchange a signed client assertion for an access token that lives ten minutes."""
    return await service.issue_access_token(
        session,
        request.app.state.signing_key,
        settings,
        body.client_assertion,
        caller_address(request),
        scope=body.scope,
        resource=body.resource,
        now=now,
    )


@router.post(
    "/me/keys",
    tags=["accounts"],
    status_code=201,
    openapi_extra=operation(
        ClientKeyError, InvalidClientError, KeyExistsError, TooManyKeysError, scope=KNOWN
    ),
)
async def add_my_key(
    body: ClientKeyAdd, session: Session, settings: Settings, principal: CurrentPrincipal, now: Now
) -> ClientKeyRead:
    """Add a second key, which then signs too; the assertion is signed with a present one."""
    return await service.add_own_key(
        session, principal, settings.issuer, body.client_assertion, body.public_jwk, now=now
    )


@router.post(
    "/me/keys/{kid}/end",
    tags=["accounts"],
    openapi_extra=operation(InvalidClientError, KeyNotFoundError, LastKeyError, scope=KNOWN),
)
async def end_my_key(
    kid: Kid,
    body: ClientKeyEnd,
    session: Session,
    settings: Settings,
    principal: CurrentPrincipal,
    now: Now,
) -> ClientKeyRead:
    """End one of the caller's two keys; the assertion is signed with the other."""
    return await service.end_own_key(
        session, principal, settings.issuer, body.client_assertion, kid, now=now
    )


@router.get("/me", tags=["accounts"], openapi_extra=operation(scope=KNOWN))
async def read_me(session: Session, principal: CurrentPrincipal) -> MeRead:
    """Tell the caller who and of which office it is, and whether the office takes part."""
    return await queries.get_me(session, principal)


@router.get(
    "/offices",
    tags=["offices"],
    openapi_extra=operation(CursorError, scope=Permission.OFFICES_READ),
)
async def list_offices(
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
    now: Now,
    named: Annotated[Named, Query()] = "",
    state: Annotated[OfState, Query()] = "",
) -> OfficePage:
    """List the offices that take part, by name: whom to reach, what their leadership stands for."""
    asked = OfficeFilter(named=named, state=state)
    found = await offices.list_participants(
        session, principal, asked, after=page.number, limit=page.limit, now=now
    )
    return OfficePage(
        items=tuple(office for _, office in found), next_cursor=page.end([key for key, _ in found])
    )


@router.get(
    "/access-review", tags=["people"], openapi_extra=operation(scope=Permission.PEOPLE_REVIEW)
)
async def review_access(principal: CurrentPrincipal, session: Session, now: Now) -> AccessReview:
    """Return who and what of the office has which access, for the yearly review."""
    return await review.review_access(session, principal, principal.office_id, now=now)
