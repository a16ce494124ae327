"""A person's own account: what one signs in with, and where one is signed in."""

from typing import Any

from fastapi import APIRouter, Response

from app.access.errors import StepUpNeededError
from app.core.deps import Session
from app.people import registering, service
from app.people.deps import COOKIE, CurrentCaller, CurrentGate, keep
from app.people.errors import FactorError, PasskeyNotFoundError, PasswordError
from app.people.schemas import PasskeyAdd, PasskeyId, PasswordChange
from app.web import forms
from app.web.deps import Changing, Note, Reading, page
from app.web.pages import PageRoute, Visit, redirect

router = APIRouter(route_class=PageRoute)
_NO_PASSKEY = "No passkey came back that can be used. Try again."


@router.get("/account", **page())
async def show_account(
    visit: Reading,
    session: Session,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show what the person signs in with, what can be changed of it, and the own sign-ins."""
    return await _account(visit, session, {})


async def _account(visit: Visit, session: Session, errors: dict[str, str]) -> Response:
    return visit.page(
        "account/account.html",
        status=422 if errors else 200,
        factors=await registering.read_factors(session, visit.signed),
        sign_ins=await service.list_sign_ins(session, visit.signed, now=visit.now),
        is_recent=_is_recent(visit),
        form=visit.form,
        errors=errors,
    )


def _is_recent(visit: Visit) -> bool:
    """Return whether the person has proved just now who it is, as each change here asks for."""
    try:
        service.require_recent(visit.signed, now=visit.now)
    except StepUpNeededError:
        return False
    return True


@router.post("/account/password", **page())
async def change_password(
    visit: Changing, session: Session, gate: CurrentGate, caller: CurrentCaller
) -> Response:
    """Set another password; the person's other sign-ins end."""
    body, errors = forms.read(PasswordChange, forms.only(visit.form, "password"))
    if body is None:
        return await _account(visit, session, errors)
    try:
        secret = await service.change_password(
            gate, visit.signed, body.password, caller, now=visit.now
        )
    except PasswordError as error:  # nothing was stored yet, here and below
        return await _account(visit, session, {"password": error.detail})
    return _with(secret, redirect("/account?note=password-changed"))


def _with(secret: str, answer: Response) -> Response:
    """Return the answer with the new secret of the sign-in."""
    keep(answer, COOKIE, secret)
    return answer


@router.post("/account/passkeys", **page())
async def add_passkey(
    visit: Changing, session: Session, gate: CurrentGate, caller: CurrentCaller
) -> Response:
    """Add the passkey that the browser made, and show new recovery codes, this once."""
    sent: dict[str, Any] = forms.only(visit.form, "label")
    credential = forms.json_object(visit.form, "credential")
    body, errors = forms.read(PasskeyAdd, sent | {"credential": credential or {}})
    if body is None:
        return await _account(visit, session, errors)
    try:
        secret, codes = await registering.register_passkey(
            session, gate, visit.signed, body, caller, now=visit.now
        )
    except FactorError:
        return await _account(visit, session, {"label": _NO_PASSKEY})
    visit.go_on_with(secret)
    return _with(secret, visit.page("recovery_codes.html", codes=codes, to="/account"))


@router.get("/account/passkeys/{passkey_id}/remove", **page())
async def show_removal(passkey_id: PasskeyId, visit: Reading, session: Session) -> Response:
    """Ask whether a passkey of the person's own shall go."""
    factors = await registering.read_factors(session, visit.signed)
    passkey = next((each for each in factors.passkeys if each.id == passkey_id), None)
    if passkey is None:
        raise PasskeyNotFoundError
    is_last = len(factors.passkeys) == 1 and not factors.has_totp
    return visit.page(
        "account/remove_passkey.html",
        passkey=passkey,
        is_last=is_last,
        has_password=factors.has_password,
        is_recent=_is_recent(visit),
    )


@router.post("/account/passkeys/{passkey_id}/remove", **page())
async def remove_passkey(
    passkey_id: PasskeyId, visit: Changing, session: Session, caller: CurrentCaller
) -> Response:
    """Take a passkey of the person's own away."""
    await registering.remove_passkey(session, visit.signed, passkey_id, caller, now=visit.now)
    return visit.redirect("/account", "passkey-removed")


@router.post("/account/recovery-codes", **page())
async def renew_recovery_codes(
    visit: Changing, session: Session, caller: CurrentCaller
) -> Response:
    """Show new recovery codes, this once; the older ones end."""
    secret, codes = await registering.renew_recovery_codes(
        session, visit.signed, caller, now=visit.now
    )
    visit.go_on_with(secret)
    return _with(secret, visit.page("recovery_codes.html", codes=codes, to="/account"))


@router.post("/account/sign-ins", **page())
async def end_others(visit: Changing, session: Session, caller: CurrentCaller) -> Response:
    """End the person's sign-ins besides this one."""
    await service.end_others(session, visit.signed, caller)
    return visit.redirect("/account", "others-signed-out")
