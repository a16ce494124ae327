from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from app.core.deps import Now, Session, caller_address
from app.core.errors import AppError
from app.people import factors, provider, registering, service
from app.people.deps import (
    COOKIE,
    PROVIDER_COOKIE,
    CurrentCaller,
    CurrentGate,
    ProviderCookie,
    drop,
    keep,
)
from app.people.errors import (
    FactorError,
    PasswordError,
    ProviderNotFoundError,
    SignInRefusedError,
)
from app.people.schemas import (
    EnrolmentUse,
    FactorGive,
    PasswordSignIn,
    ProviderAnswer,
    ProviderSignIn,
    TotpRegister,
)
from app.web import demo_people, forms
from app.web.deps import Arriving, ArrivingForm, Note, OpenForm, Reading, open_to_all, page
from app.web.pages import PageRoute, open_page, redirect

router = APIRouter(route_class=PageRoute)
Next = Annotated[str, Query(alias="next", max_length=1000)]
Given = Annotated[str, Query(max_length=4000)]
_NEXT_COOKIE: Final = "__Host-next"


@router.get("/sign-in", **open_to_all())
async def show_sign_in(request: Request, to: Next = "", note: Note = "") -> Response:  # noqa: ARG001 -- the frame reads it
    """Show the form for office, account and password."""
    return _sign_in(request, {"next": to})


def _sign_in(request: Request, form: dict[str, str], error: AppError | None = None) -> Response:
    address, settings = caller_address(request), request.app.state.settings
    is_at_home = address is not None and address.is_loopback
    people = demo_people.read(settings.demo_people if is_at_home else "")
    status = 200 if error is None else error.status
    return open_page(request, "sign_in.html", status=status, form=form, error=error, people=people)


@router.post("/sign-in", **open_to_all())
async def sign_in(
    request: Request, form: OpenForm, gate: CurrentGate, caller: CurrentCaller, now: Now
) -> Response:
    """Sign in with a password; what is still missing is asked for on the pages after it."""
    try:
        body = forms.require(
            PasswordSignIn, forms.only(form, "office", "account", "password"), SignInRefusedError
        )
        secret = await service.sign_in_with_password(gate, body, caller, now=now)
    except SignInRefusedError as error:
        return _sign_in(request, form, error)
    return _signed_in(secret, form)


def _signed_in(secret: str, form: dict[str, str]) -> Response:
    answer = redirect("/sign-in/notice")
    keep(answer, COOKIE, secret)
    keep(answer, _NEXT_COOKIE, forms.local_path(form.get("next", "")))
    return answer


@router.get("/sign-in/enrolment", **open_to_all())
async def show_enrolment(request: Request) -> Response:
    """Show the form for the administrator's code and a first password."""
    return open_page(request, "enrolment.html", error=None)


@router.post("/sign-in/enrolment", **open_to_all())
async def enrol(
    request: Request, form: OpenForm, gate: CurrentGate, caller: CurrentCaller, now: Now
) -> Response:
    """Set the first password and sign in."""
    try:
        body = forms.require(EnrolmentUse, forms.only(form, "code", "password"), SignInRefusedError)
        secret = await service.enrol(gate, body, caller, now=now)
    except (SignInRefusedError, PasswordError) as error:
        return open_page(request, "enrolment.html", status=error.status, error=error)
    return _signed_in(secret, form)


@router.post("/sign-in/provider", **open_to_all())
async def begin_with_provider(
    request: Request, form: OpenForm, gate: CurrentGate, caller: CurrentCaller, now: Now
) -> Response:
    """Send the browser to the office's identity provider."""
    try:
        body = forms.require(
            ProviderSignIn, forms.only(form, "office", "enrolment_code"), ProviderNotFoundError
        )
        address, cookie = await provider.begin_sign_in(gate, body, caller, now=now)
    except ProviderNotFoundError as error:
        return _sign_in(request, form, error)
    # form-action 'self' holds for where a form is redirected to, too: Chromium would not go there
    answer = open_page(request, "to_provider.html", address=address)
    answer.headers["Refresh"] = f"0; url={address}"
    keep(answer, PROVIDER_COOKIE, cookie)
    keep(answer, _NEXT_COOKIE, forms.local_path(form.get("next", "")))
    return answer


@router.get("/sign-in/provider", **open_to_all())
async def finish_with_provider(  # noqa: PLR0913, PLR0917 -- the provider's parameters
    request: Request,
    gate: CurrentGate,
    caller: CurrentCaller,
    cookie: ProviderCookie,
    now: Now,
    state: Given = "",
    code: Given = "",
    iss: Given = "",
    session_state: Given = "",  # noqa: ARG001 -- of no use; Keycloak sends it
    error: Given = "",  # noqa: ARG001 -- without a code it is a refusal
    error_description: Given = "",  # noqa: ARG001 -- as above
) -> Response:
    """Finish the sign-in with what the provider gave the browser to take back."""
    sent = {"state": state, "code": code, "iss": iss}
    try:
        body = forms.require(ProviderAnswer, forms.only(sent, *sent), SignInRefusedError)
        secret = await provider.finish_sign_in(gate, body, cookie, caller, now=now)
    except (SignInRefusedError, ProviderNotFoundError) as refusal:
        return _sign_in(request, {}, refusal)
    answer = _signed_in(secret, {"next": request.cookies.get(_NEXT_COOKIE, "")})
    drop(answer, PROVIDER_COOKIE)
    return answer


@router.get("/sign-in/notice", **page())
async def show_notice(visit: Arriving, gate: CurrentGate, to: Next = "") -> Response:
    """Show the system-use notice, once in each sign-in; who used a passkey says where it goes."""
    if visit.signed.next_step != "acknowledge_banner":
        return _go_on(visit)
    answer = visit.page("notice.html", banner=gate.banner, sha256=gate.banner_sha256)
    if to:
        keep(answer, _NEXT_COOKIE, forms.local_path(to))
    return answer


@router.post("/sign-in/notice", **page())
async def acknowledge(
    visit: ArrivingForm, gate: CurrentGate, caller: CurrentCaller, session: Session, now: Now
) -> Response:
    """Note that the notice was shown and acknowledged."""
    sha256 = visit.form.get("sha256", "")
    await service.acknowledge_banner(session, gate, visit.signed, sha256, caller, now=now)
    return redirect("/sign-in/second-factor")


@router.get("/sign-in/second-factor", **page())
async def show_second_factor(visit: Arriving, gate: CurrentGate, now: Now) -> Response:
    """Ask for the second factor, or have the first one registered."""
    step = visit.signed.next_step
    if step == "give_second_factor":
        return visit.page("second_factor.html", error=None)
    if step == "register_second_factor":
        offer = await registering.offer_totp(gate, visit.signed, now=now)
        return visit.page("register_app.html", offer=offer, error=None)
    return _go_on(visit)


@router.get("/sign-in/again", **page())
async def show_again(visit: Reading, gate: CurrentGate, now: Now, to: Next = "") -> Response:
    """Ask for the second factor once more, or for a first one, before something is signed."""
    if visit.signed.has_factor:
        answer = visit.page("second_factor.html", error=None)
    else:
        offer = await registering.offer_totp(gate, visit.signed, now=now)
        answer = visit.page("register_app.html", offer=offer, error=None)
    keep(answer, _NEXT_COOKIE, forms.local_path(to))
    return answer


def _go_on(visit: Arriving) -> Response:
    """Send the browser to the next step, or to where it wanted to go."""
    if visit.signed.next_step == "acknowledge_banner":
        return redirect("/sign-in/notice")
    if visit.signed.next_step != "none":
        return redirect("/sign-in/second-factor")
    answer = redirect(forms.local_path(visit.request.cookies.get(_NEXT_COOKIE, "")))
    drop(answer, _NEXT_COOKIE)
    return answer


@router.post("/sign-in/second-factor", **page())
async def give_second_factor(
    visit: ArrivingForm, gate: CurrentGate, caller: CurrentCaller, now: Now
) -> Response:
    """Complete the sign-in with a code of the app, a passkey or a recovery code."""
    passkey = forms.json_object(visit.form, "credential")
    try:
        body = forms.require(
            FactorGive,
            forms.only(visit.form, "totp", "recovery_code") | {"passkey": passkey},
            SignInRefusedError,
        )
        secret = await factors.give_second_factor(gate, visit.signed, body, caller, now=now)
    except SignInRefusedError as error:
        return visit.page("second_factor.html", status=error.status, error=error)
    answer = redirect(forms.local_path(visit.request.cookies.get(_NEXT_COOKIE, "")))
    keep(answer, COOKIE, secret)
    drop(answer, _NEXT_COOKIE)
    return answer


@router.get("/sign-in/app", **page())
async def show_app(visit: Reading, gate: CurrentGate, now: Now, to: Next = "") -> Response:
    """Show a new secret for an authenticator app, in place of an older one."""
    offer = await registering.offer_totp(gate, visit.signed, now=now)
    answer = visit.page("register_app.html", offer=offer, error=None)
    keep(answer, _NEXT_COOKIE, forms.local_path(to))
    return answer


@router.post("/sign-in/app", **page())
async def register_app(
    visit: ArrivingForm, gate: CurrentGate, caller: CurrentCaller, session: Session, now: Now
) -> Response:
    """Register an authenticator app and show its recovery codes, this once."""
    try:
        body = forms.require(TotpRegister, forms.only(visit.form, "offer", "code"), FactorError)
        secret, codes = await registering.register_totp(
            session, gate, visit.signed, body, caller, now=now
        )
    except FactorError as error:
        offer = await registering.offer_totp(gate, visit.signed, now=now)
        return visit.page("register_app.html", status=error.status, offer=offer, error=error)
    to = forms.local_path(visit.request.cookies.get(_NEXT_COOKIE, ""))
    visit.go_on_with(secret)
    answer = visit.page("recovery_codes.html", codes=codes, to=to)
    drop(answer, _NEXT_COOKIE)
    keep(answer, COOKIE, secret)
    return answer


@router.post("/sign-out", **page())
async def sign_out(visit: ArrivingForm, caller: CurrentCaller, session: Session) -> Response:
    """End the sign-in and clear what the browser kept."""
    await service.sign_out(session, visit.signed, caller)
    answer = redirect("/sign-in?note=signed-out")
    drop(answer, COOKIE)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer
