from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.openapi.models import OAuthFlows
from fastapi.security import OAuth2
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import CLIENT_SCOPES, Permission
from app.access.principal import Principal
from app.accounts import queries
from app.core.db import transaction
from app.core.deps import Now, Session, caller_address, request_time
from app.core.errors import UnauthenticatedError
from app.core.jwt import AccessVerifier
from app.people.deps import COOKIE, SignInSecret, admit_person, current_person, current_sign_in

_SCHEME = OAuth2(
    scheme_name="machineClient",
    description="OAuth 2 client credentials with private_key_jwt (RFC 7523).",
    flows=OAuthFlows.model_validate(
        {
            "clientCredentials": {
                "tokenUrl": "/v1/oauth/token",
                "scopes": {str(scope): f"Allows {scope}." for scope in CLIENT_SCOPES},
            }
        }
    ),
    auto_error=False,
)


async def admit_caller(request: Request) -> None:
    """Refuse by the head of a request whoever has neither a good access token nor a sign-in.

    No page sends an access token, so only a cookie needs the proof that the request comes from one.

    Raises:
        UnauthenticatedError: no token and no cookie, or a bad token.
        SignInNeededError, CrossSiteRequestError: as `admit_person`.
    """
    authorization = request.headers.get("authorization")
    if authorization is None and COOKIE in request.cookies:
        await admit_person(request)
        return
    scheme, _, token = (authorization or "").partition(" ")
    verifier: AccessVerifier = request.app.state.access_verifier
    now = await request_time(request)
    try:
        if scheme.lower() != "bearer":
            raise UnauthenticatedError
        claims = verifier.verify(token, now=int(now.timestamp()))
        request.state.client = UUID(claims.client_id), claims.scopes
        request.state.confirm = confirm_client
    except ValueError:  # a JwtError is one, and so is what UUID raises
        raise UnauthenticatedError from None


async def confirm_client(request: Request) -> None:
    """Refuse a client that its access token outlived, before it is told anything else.

    Who sends a good request is asked for by `current_principal`, with the first statement of the
    transaction that acts; a statement more on that way would make each post slower.

    Raises:
        UnauthenticatedError: the client is unknown, revoked or not at one of its networks.
    """
    async with transaction(request.app.state.sessions) as session:
        await _find_client(request, session, await request_time(request))


async def _find_client(request: Request, session: AsyncSession, now: datetime) -> queries.Standing:
    client_id, _ = request.state.client
    standing = await queries.get_standing(session, client_id, caller_address(request), now=now)
    if standing is None:
        raise UnauthenticatedError
    return standing


async def current_principal(
    request: Request,
    session: Session,
    now: Now,
    _authorization: Annotated[str | None, Depends(_SCHEME)],
    secret: SignInSecret,
) -> Principal:
    """Return the caller that `admit_caller` let in: a machine client, or a person.

    What either lost, or was given, counts from the next request on.

    Raises:
        UnauthenticatedError: a client that is unknown, revoked or not at one of its networks.
        BannerNotAcknowledgedError, SecondFactorNeededError: the cookie is of no complete sign-in.
    """
    if hasattr(request.state, "signed_in"):
        return await current_person(request, await current_sign_in(request, session, secret))
    client_id, scopes = request.state.client
    standing = await _find_client(request, session, now)
    request.state.office = standing.office_id
    principal = Principal(
        actor=f"client:{client_id}",
        office_id=standing.office_id,
        permissions=frozenset(Permission(scope) for scope in scopes.intersection(standing.scopes)),
        is_participating=standing.is_participating,
        client_id=client_id,
        request_id=request.state.request_id,
    )
    request.state.principal = principal
    return principal


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
