from typing import Any, Final

from fastapi import APIRouter, Response

from app.access.errors import StepUpNeededError
from app.core.deps import Now, Session
from app.core.http import StrictRoute
from app.core.openapi import KNOWN, operation
from app.people import registering, service
from app.people.deps import COOKIE, CurrentCaller, CurrentGate, CurrentSignIn, drop, keep
from app.people.errors import (
    NOT_SIGNED_IN,
    CrossSiteRequestError,
    FactorError,
    PasskeyNotFoundError,
    PasswordError,
    SignInNeededError,
    TooManyPasskeysError,
)
from app.people.schemas import (
    FactorRegistered,
    FactorsRead,
    PasskeyAdd,
    PasskeyId,
    PasskeyOptions,
    PasswordChange,
    SignedOut,
    SignInRead,
    TotpOffer,
    TotpRegister,
)

router = APIRouter(prefix="/v1/me", tags=["people"], route_class=StrictRoute)
_MAX_BODY: Final = 32 * 1024


def _recent(*raises: Any) -> dict[str, Any]:
    """Describe an operation of somebody who has just shown who it is."""
    return operation(
        *NOT_SIGNED_IN,
        CrossSiteRequestError,
        StepUpNeededError,
        *raises,
        scope=KNOWN,
        max_body_bytes=_MAX_BODY,
    )


@router.get("/factors", openapi_extra=operation(SignInNeededError, scope=KNOWN))
async def read_factors(signed: CurrentSignIn, session: Session) -> FactorsRead:
    """Tell what the caller can sign in with."""
    return await registering.read_factors(session, signed)


@router.put("/password", openapi_extra=_recent(PasswordError))
async def change_password(
    body: PasswordChange,
    response: Response,
    signed: CurrentSignIn,
    gate: CurrentGate,
    caller: CurrentCaller,
    session: Session,
    now: Now,
) -> SignInRead:
    """Set another password; the caller's other sign-ins end."""
    secret = await service.change_password(gate, signed, body.password, caller, now=now)
    keep(response, COOKIE, secret)
    return await service.show(session, secret, now=now)


@router.get("/totp", openapi_extra=_recent())
async def read_totp_offer(signed: CurrentSignIn, gate: CurrentGate, now: Now) -> TotpOffer:
    """Return a new secret for an authenticator app; it counts once a code of it comes back."""
    return await registering.offer_totp(gate, signed, now=now)


@router.put("/totp", openapi_extra=_recent(FactorError))
async def register_totp(
    body: TotpRegister,
    response: Response,
    signed: CurrentSignIn,
    gate: CurrentGate,
    caller: CurrentCaller,
    session: Session,
    now: Now,
) -> FactorRegistered:
    """Register an authenticator app in place of an older one; other sign-ins end."""
    secret, codes = await registering.register_totp(session, gate, signed, body, caller, now=now)
    keep(response, COOKIE, secret)
    shown = await service.show(session, secret, now=now)
    return FactorRegistered(recovery_codes=codes, sign_in=shown)


@router.get("/passkeys", openapi_extra=_recent())
async def read_passkey_options(
    signed: CurrentSignIn, gate: CurrentGate, session: Session, now: Now
) -> PasskeyOptions:
    """Return what the browser needs to make a passkey; good for five minutes and once."""
    options = await registering.offer_passkey(session, gate, signed, now=now)
    return PasskeyOptions(public_key=options)


@router.post("/passkeys", openapi_extra=_recent(FactorError, TooManyPasskeysError))
async def register_passkey(
    body: PasskeyAdd,
    response: Response,
    signed: CurrentSignIn,
    gate: CurrentGate,
    caller: CurrentCaller,
    session: Session,
    now: Now,
) -> FactorRegistered:
    """Register a passkey beside the ones that there are; other sign-ins end."""
    secret, codes = await registering.register_passkey(session, gate, signed, body, caller, now=now)
    keep(response, COOKIE, secret)
    shown = await service.show(session, secret, now=now)
    return FactorRegistered(recovery_codes=codes, sign_in=shown)


@router.delete("/passkeys/{passkey_id}", openapi_extra=_recent(PasskeyNotFoundError))
async def remove_passkey(
    passkey_id: PasskeyId,
    signed: CurrentSignIn,
    caller: CurrentCaller,
    session: Session,
    now: Now,
) -> FactorsRead:
    """Take a passkey of the caller's own away."""
    await registering.remove_passkey(session, signed, passkey_id, caller, now=now)
    return await registering.read_factors(session, signed)


@router.delete(
    "/sign-ins", openapi_extra=operation(SignInNeededError, CrossSiteRequestError, scope=KNOWN)
)
async def sign_out_everywhere(
    response: Response, signed: CurrentSignIn, caller: CurrentCaller, session: Session
) -> SignedOut:
    """End every sign-in of the caller, this one included."""
    ended = await service.sign_out(session, signed, caller, everywhere=True)
    drop(response, COOKIE)
    return SignedOut(ended=ended)
