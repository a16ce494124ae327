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
from app.core.deps import Now, Session, caller_address
from app.core.errors import UnauthenticatedError
from app.core.jwt import AccessVerifier
from app.people.deps import CurrentGate, SignInSecret, current_person, current_sign_in

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


async def current_principal(
    request: Request,
    session: Session,
    now: Now,
    gate: CurrentGate,
    authorization: Annotated[str | None, Depends(_SCHEME)],
    secret: SignInSecret,
) -> Principal:
    """Return the caller: a machine client by its bearer token, else a person by its sign-in.

    What either lost, or was given, counts from the next request on. No page sends an access token,
    so only a cookie needs the proof that the request comes from one.

    Raises:
        UnauthenticatedError: no token and no cookie, a bad token, or a client that is unknown,
            revoked or not at one of its networks.
        SignInNeededError, CrossSiteRequestError, BannerNotAcknowledgedError,
            SecondFactorNeededError: the cookie is of no sign-in, of no complete one, or was sent
            by another site.
    """
    if authorization is None and secret is not None:
        signed = await current_sign_in(request, gate, session, now, secret)
        return await current_person(request, signed)
    return await _client(request, session, authorization, now=now)


async def _client(
    request: Request, session: AsyncSession, authorization: str | None, *, now: datetime
) -> Principal:
    scheme, _, token = (authorization or "").partition(" ")
    verifier: AccessVerifier = request.app.state.access_verifier
    try:
        if scheme.lower() != "bearer":
            raise UnauthenticatedError
        claims = verifier.verify(token, now=int(now.timestamp()))
        client_id = UUID(claims.client_id)
    except ValueError:  # a JwtError is one, and so is what UUID raises
        raise UnauthenticatedError from None
    standing = await queries.get_standing(session, client_id, caller_address(request), now=now)
    if standing is None:
        raise UnauthenticatedError
    request.state.office = standing.office_id
    principal = Principal(
        actor=f"client:{client_id}",
        office_id=standing.office_id,
        permissions=frozenset(
            Permission(scope) for scope in claims.scopes.intersection(standing.scopes)
        ),
        is_participating=standing.is_participating,
        client_id=client_id,
        request_id=request.state.request_id,
    )
    request.state.principal = principal
    return principal


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
