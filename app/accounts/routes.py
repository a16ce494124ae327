from typing import Annotated

from fastapi import APIRouter, Form, Request

from app.accounts import queries, service
from app.accounts.deps import CurrentPrincipal
from app.accounts.errors import InvalidClientError, InvalidGrantError
from app.accounts.schemas import AccessTokenRead, AccessTokenRequest, MeRead
from app.core.deps import Now, Session, Settings
from app.core.errors import UnavailableError
from app.core.http import StrictRoute
from app.core.openapi import KNOWN, PUBLIC, operation

router = APIRouter(prefix="/v1", tags=["accounts"], route_class=StrictRoute)


@router.post(
    "/oauth/token",
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
        scope=body.scope,
        resource=body.resource,
        now=now,
    )


@router.get("/me", openapi_extra=operation(scope=KNOWN))
async def read_me(session: Session, principal: CurrentPrincipal) -> MeRead:
    """Tell the caller which client and office it is, and whether the office takes part."""
    return await queries.get_me(session, principal)
