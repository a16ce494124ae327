import ipaddress
import secrets
from typing import Annotated, Final

from fastapi import Depends, Request, Response
from fastapi.security import APIKeyCookie

from app.access.principal import Principal
from app.core.db import act_for, transaction
from app.core.deps import Session, caller_address, request_time
from app.people import sign_ins
from app.people.errors import (
    BannerNotAcknowledgedError,
    CrossSiteRequestError,
    SecondFactorNeededError,
    SignInNeededError,
)
from app.people.gate import Caller, Gate
from app.people.queries import SignedIn

COOKIE: Final = "__Host-sign-in"
PROVIDER_COOKIE: Final = "__Host-provider"
CSRF_HEADER: Final = "X-CSRF-Token"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_V6_PREFIX: Final = 64
_SCHEME: Final = APIKeyCookie(
    name=COOKIE,
    scheme_name="personSignIn",
    description=(
        "The cookie of POST /v1/sign-in. Changes also need the csrf_token of GET /v1/sign-in as "
        "X-CSRF-Token, and Origin or Sec-Fetch-Site."
    ),
    auto_error=False,
)


async def current_gate(request: Request) -> Gate:
    """Return what the application was built with for sign-ins."""
    gate: Gate = request.app.state.gate
    return gate


CurrentGate = Annotated[Gate, Depends(current_gate)]


async def current_caller(request: Request, gate: CurrentGate) -> Caller:
    """Return where the request comes from: an IPv4 address, or the /64 of an IPv6 one."""
    address, source = caller_address(request), ""
    if address is not None:
        prefix = _V6_PREFIX if address.version == 6 else address.max_prefixlen  # noqa: PLR2004 -- IPv6
        source = str(ipaddress.ip_network((address, prefix), strict=False))
    return Caller(request.state.request_id, gate.seal.fingerprint("source", source))


CurrentCaller = Annotated[Caller, Depends(current_caller)]


async def same_origin(request: Request, gate: CurrentGate) -> None:
    """Refuse a change that another site's page, or nobody's, had the browser send.

    Raises:
        CrossSiteRequestError: it is refused.
    """
    if request.method in _SAFE:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is None and origin is None:
        raise CrossSiteRequestError
    if site not in (None, "same-origin") or origin not in (None, gate.origin):
        raise CrossSiteRequestError


SignInSecret = Annotated[str | None, Depends(_SCHEME)]


async def admit_person(request: Request) -> None:
    """Find who is signed in, complete or not, by the head of a request and in its own transaction.

    Raises:
        CrossSiteRequestError: a change without the page's token, or from another site.
        SignInNeededError: no cookie, or one whose sign-in has ended.
    """
    gate, secret = await current_gate(request), request.cookies.get(COOKIE)
    await same_origin(request, gate)
    if secret is None:
        raise SignInNeededError
    if request.method not in _SAFE:
        sent = request.headers.get(CSRF_HEADER, "").encode()
        if not secrets.compare_digest(sent, sign_ins.csrf_token(secret).encode()):
            raise CrossSiteRequestError
    async with transaction(gate.sessions) as arriving:
        signed = await sign_ins.find(arriving, secret, now=await request_time(request))
    request.state.signed_in = signed
    request.state.office = signed.office_id
    request.state.principal = signed.principal(request.state.request_id)


async def current_sign_in(request: Request, session: Session, _: SignInSecret) -> SignedIn:
    """Return who is signed in, for whom the request's transaction acts; `admit_person` found it."""
    signed: SignedIn = request.state.signed_in
    act_for(session, request.state.principal)
    return signed


CurrentSignIn = Annotated[SignedIn, Depends(current_sign_in)]


async def current_person(request: Request, signed: CurrentSignIn) -> Principal:
    """Return the signed-in person as who acts; nothing less than a complete sign-in will do.

    Raises:
        BannerNotAcknowledgedError, SecondFactorNeededError: the sign-in is not complete.
    """
    if signed.next_step == "acknowledge_banner":
        raise BannerNotAcknowledgedError
    if signed.next_step != "none":
        raise SecondFactorNeededError
    principal: Principal = request.state.principal
    return principal


CurrentPerson = Annotated[Principal, Depends(current_person)]


async def current_secret(request: Request, _signed: CurrentSignIn) -> str:
    """Return the secret that the browser is signed in with."""
    return request.cookies[COOKIE]


async def provider_cookie(request: Request) -> str:
    """Return what the first half of a sign-in through a provider left, empty without it."""
    return request.cookies.get(PROVIDER_COOKIE, "")


CurrentSecret = Annotated[str, Depends(current_secret)]
ProviderCookie = Annotated[str, Depends(provider_cookie)]
SameOrigin = Depends(same_origin)


def keep(response: Response, name: str, value: str) -> None:
    """Give the browser a cookie of this host only, that no script reads and no other site sends.

    Lax, not Strict: the provider sends the browser back from another site.
    """
    response.set_cookie(name, value, path="/", secure=True, httponly=True, samesite="lax")


def drop(response: Response, name: str) -> None:
    """Take a cookie away."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
