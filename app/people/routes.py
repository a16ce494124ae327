from typing import Any, Final

from fastapi import APIRouter, Response

from app.core.deps import Now, Session
from app.core.http import StrictRoute
from app.core.openapi import KNOWN, PUBLIC, operation
from app.people import factors, passkeys, provider, service
from app.people.deps import (
    COOKIE,
    PROVIDER_COOKIE,
    CurrentCaller,
    CurrentGate,
    CurrentSecret,
    CurrentSignIn,
    ProviderCookie,
    SameOrigin,
    drop,
    keep,
)
from app.people.errors import (
    BannerChangedError,
    BannerNotAcknowledgedError,
    CrossSiteRequestError,
    PasswordError,
    ProviderNotFoundError,
    ProviderUnavailableError,
    SignInNeededError,
    SignInRefusedError,
)
from app.people.schemas import (
    BannerAcknowledge,
    BannerRead,
    EnrolmentUse,
    FactorGive,
    PasskeyAnswer,
    PasskeyOptions,
    PasswordSignIn,
    ProviderAddress,
    ProviderAnswer,
    ProviderSignIn,
    SignedOut,
    SignInRead,
)

router = APIRouter(prefix="/v1", tags=["people"], route_class=StrictRoute)
_MAX_BODY: Final = 32 * 1024


def _anyone(*raises: Any) -> dict[str, Any]:
    """Describe an operation before a sign-in."""
    return {
        "openapi_extra": operation(
            SignInRefusedError,
            CrossSiteRequestError,
            *raises,
            scope=PUBLIC,
            max_body_bytes=_MAX_BODY,
        ),
        "dependencies": [SameOrigin],
    }


def _signed(*raises: Any) -> dict[str, Any]:
    """Describe an operation of somebody signed in."""
    return operation(SignInNeededError, *raises, scope=KNOWN, max_body_bytes=_MAX_BODY)


@router.get("/banner", openapi_extra=operation(scope=PUBLIC))
async def read_banner(gate: CurrentGate) -> BannerRead:
    """Return the system-use notice that each sign-in acknowledges."""
    return BannerRead(text=gate.banner, sha256=gate.banner_sha256)


@router.post("/sign-in", **_anyone())
async def sign_in_with_password(
    body: PasswordSignIn,
    response: Response,
    gate: CurrentGate,
    caller: CurrentCaller,
    session: Session,
    now: Now,
) -> SignInRead:
    """Sign in with a local account's password; the cookie that comes back is the sign-in."""
    secret = await service.sign_in_with_password(gate, body, caller, now=now)
    keep(response, COOKIE, secret)
    return await service.show(session, secret, now=now)


@router.post("/sign-in/enrolment", **_anyone(PasswordError))
async def use_enrolment_code(
    body: EnrolmentUse,
    response: Response,
    gate: CurrentGate,
    caller: CurrentCaller,
    session: Session,
    now: Now,
) -> SignInRead:
    """Set the first password with the code from the administrator, and sign in."""
    secret = await service.enrol(gate, body, caller, now=now)
    keep(response, COOKIE, secret)
    return await service.show(session, secret, now=now)


@router.get("/sign-in/passkey", openapi_extra=operation(scope=PUBLIC))
async def read_passkey_sign_in_options(gate: CurrentGate, now: Now) -> PasskeyOptions:
    """Return what the browser needs to sign in with a passkey; good for five minutes and once."""
    options = passkeys.request_options(gate, passkeys.SIGN_IN, now=now)
    return PasskeyOptions(public_key=options)


@router.post("/sign-in/passkey", **_anyone())
async def sign_in_with_passkey(
    body: PasskeyAnswer,
    response: Response,
    gate: CurrentGate,
    caller: CurrentCaller,
    session: Session,
    now: Now,
) -> SignInRead:
    """Sign in with a passkey, which is both factors at once."""
    secret = await factors.sign_in_with_passkey(gate, body.credential, caller, now=now)
    keep(response, COOKIE, secret)
    return await service.show(session, secret, now=now)


@router.post("/sign-in/provider", **_anyone(ProviderNotFoundError, ProviderUnavailableError))
async def begin_provider_sign_in(
    body: ProviderSignIn,
    response: Response,
    gate: CurrentGate,
    caller: CurrentCaller,
    now: Now,
) -> ProviderAddress:
    """Begin a sign-in through the office's identity provider: send the browser to the address."""
    address, cookie = await provider.begin_sign_in(gate, body, caller, now=now)
    keep(response, PROVIDER_COOKIE, cookie)
    return ProviderAddress(address=address)


@router.post("/sign-in/provider/answer", **_anyone(ProviderNotFoundError, ProviderUnavailableError))
async def finish_provider_sign_in(
    body: ProviderAnswer,
    response: Response,
    gate: CurrentGate,
    caller: CurrentCaller,
    cookie: ProviderCookie,
    session: Session,
    now: Now,
) -> SignInRead:
    """Finish the sign-in with what the provider gave the same browser to take back."""
    secret = await provider.finish_sign_in(gate, body, cookie, caller, now=now)
    drop(response, PROVIDER_COOKIE)
    keep(response, COOKIE, secret)
    return await service.show(session, secret, now=now)


@router.get("/sign-in", openapi_extra=_signed())
async def read_sign_in(secret: CurrentSecret, session: Session, now: Now) -> SignInRead:
    """Tell who is signed in, what is to do next, and the token that changes need."""
    return await service.show(session, secret, now=now)


@router.delete("/sign-in", openapi_extra=_signed(CrossSiteRequestError))
async def sign_out(
    response: Response, signed: CurrentSignIn, caller: CurrentCaller, session: Session
) -> SignedOut:
    """Sign out of this browser."""
    ended = await service.sign_out(session, signed, caller)
    drop(response, COOKIE)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return SignedOut(ended=ended)


@router.put("/sign-in/banner", openapi_extra=_signed(CrossSiteRequestError, BannerChangedError))
async def acknowledge_banner(
    body: BannerAcknowledge,
    signed: CurrentSignIn,
    secret: CurrentSecret,
    gate: CurrentGate,
    caller: CurrentCaller,
    session: Session,
    now: Now,
) -> SignInRead:
    """Acknowledge the system-use notice; before that nothing else works."""
    await service.acknowledge_banner(session, gate, signed, body.sha256, caller, now=now)
    return await service.show(session, secret, now=now)


@router.get("/sign-in/second-factor", openapi_extra=_signed())
async def read_passkey_proof_options(
    signed: CurrentSignIn, gate: CurrentGate, now: Now
) -> PasskeyOptions:
    """Return what the browser needs to give a passkey as second factor."""
    options = passkeys.request_options(gate, passkeys.proving(signed.person_id), now=now)
    return PasskeyOptions(public_key=options)


@router.post(
    "/sign-in/second-factor",
    openapi_extra=_signed(SignInRefusedError, CrossSiteRequestError, BannerNotAcknowledgedError),
)
async def give_second_factor(
    body: FactorGive,
    response: Response,
    signed: CurrentSignIn,
    gate: CurrentGate,
    caller: CurrentCaller,
    session: Session,
    now: Now,
) -> SignInRead:
    """Give a second factor: completes the sign-in, or counts as recent for what needs that."""
    secret = await factors.give_second_factor(gate, signed, body, caller, now=now)
    keep(response, COOKIE, secret)
    return await service.show(session, secret, now=now)
