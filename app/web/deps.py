import secrets
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Form, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.core.db import act_for, transaction
from app.core.deps import Now, Session, request_time
from app.core.errors import AppError
from app.core.openapi import KNOWN, PUBLIC, operation
from app.notices import service as notices
from app.people import sign_ins
from app.people.deps import (
    COOKIE,
    CurrentGate,
    CurrentSignIn,
    arrive,
    current_gate,
    require_complete,
    same_origin,
)
from app.people.errors import CrossSiteRequestError, SignInNeededError
from app.people.queries import SignedIn, get_signed_in
from app.web.pages import Visit


def page(scope: Permission | str = KNOWN, *raises: type[AppError], **more: Any) -> dict[str, Any]:
    """Return what a route of a page is declared with; the API's document leaves pages out."""
    extra = operation(*raises, scope=scope, **more)
    return {"include_in_schema": False, "response_model": None, "openapi_extra": extra}


def open_to_all(**more: Any) -> dict[str, Any]:
    """Return the same for a page that anyone may open."""
    return page(PUBLIC, **more)


async def arriving_visit(request: Request, signed: CurrentSignIn, now: Now) -> Visit:
    """Return the visit of somebody whose sign-in may lack a step."""
    return _begin(request, signed, now)


async def reading_visit(
    visit: Annotated[Visit, Depends(arriving_visit)], session: Session
) -> Visit:
    """Return the visit of somebody who reads a page.

    Raises:
        BannerNotAcknowledgedError, SecondFactorNeededError: the sign-in is not complete.
    """
    require_complete(visit.signed)
    return await _counted(visit, session)


async def _counted(visit: Visit, session: AsyncSession) -> Visit:
    """Return the visit with the number that the menu shows."""
    counted = replace(visit, unread=await notices.count_unread(session, visit.principal))
    visit.request.state.visit = counted
    return counted


async def admit_listener(request: Request) -> None:
    """Find by the head of a request who is signed in, without counting it against idleness.

    Raises:
        SignInNeededError: no cookie, or one whose sign-in has ended.
    """
    gate, secret = await current_gate(request), request.cookies.get(COOKIE)
    if secret is None:
        raise SignInNeededError
    async with transaction(gate.sessions) as arriving:
        signed = await get_signed_in(
            arriving, sign_ins.digest_of(secret), now=await request_time(request)
        )
    if signed is None:
        raise SignInNeededError
    request.state.signed_in = signed
    request.state.office = signed.office_id
    request.state.principal = signed.principal(request.state.request_id)


async def listening_sign_in(request: Request) -> SignedIn:
    """Return who listens; `admit_listener` found it."""
    signed: SignedIn = request.state.signed_in
    return signed


async def admit_form(request: Request) -> None:
    """Refuse by the head of a request who sends a form of ours from elsewhere or without a sign-in.

    Raises:
        CrossSiteRequestError: the form is of another site.
        SignInNeededError: no cookie, or one whose sign-in has ended.
    """
    gate, secret = await current_gate(request), request.cookies.get(COOKIE)
    await same_origin(request, gate)
    if secret is None:
        raise SignInNeededError
    await arrive(request, gate, secret)


async def form_sign_in(
    request: Request, session: Session, csrf_token: Annotated[str, Form(max_length=100)] = ""
) -> SignedIn:
    """Return who sent a form of ours, the sign-in complete or not; `admit_form` found it.

    Raises:
        CrossSiteRequestError: the form is of an older sign-in, or was made up.
    """
    expected = sign_ins.csrf_token(request.cookies[COOKIE])
    if not secrets.compare_digest(csrf_token.encode(), expected.encode()):
        raise CrossSiteRequestError
    signed: SignedIn = request.state.signed_in
    act_for(session, request.state.principal)
    return signed


async def arriving_form(
    request: Request, signed: Annotated[SignedIn, Depends(form_sign_in)], now: Now
) -> Visit:
    """Return the visit of somebody who sent a form and whose sign-in may lack a step."""
    visit = _begin(request, signed, now)
    visit.form.update(await sent_fields(request))
    return visit


async def changing_visit(
    visit: Annotated[Visit, Depends(arriving_form)], session: Session
) -> Visit:
    """Return the visit of somebody who sent a form.

    Raises:
        BannerNotAcknowledgedError, SecondFactorNeededError: the sign-in is not complete.
    """
    require_complete(visit.signed)
    return await _counted(visit, session)


async def open_visit(
    request: Request, gate: CurrentGate, session: Session, now: Now
) -> Visit | None:
    """Return the visit of whoever is signed in to a page that anyone may open, else None."""
    secret = request.cookies.get(COOKIE)
    try:
        if secret is None:
            return None
        await arrive(request, gate, secret)
    except SignInNeededError:
        return None
    signed: SignedIn = request.state.signed_in
    if signed.next_step != "none":
        return None
    act_for(session, request.state.principal)
    return await _counted(_begin(request, signed, now), session)


def _begin(request: Request, signed: SignedIn, now: datetime) -> Visit:
    visit = Visit(request, signed, now)
    request.state.visit = visit  # a refusal is shown in the same frame
    return visit


async def sent_fields(request: Request) -> dict[str, str]:
    """Return the fields that a form sent, trimmed; those left empty are left out."""
    form = await request.form()
    texts = {name: value.strip() for name, value in form.items() if isinstance(value, str)}
    return {name: text.replace("\r\n", "\n") for name, text in texts.items() if text}


async def open_form(
    request: Request,
    gate: CurrentGate,
    csrf_token: Annotated[str, Form(max_length=100)] = "",  # noqa: ARG001 -- makes this a form
) -> dict[str, str]:
    """Return the fields of a form that is sent before there is a sign-in.

    Raises:
        CrossSiteRequestError: the form is of another site.
    """
    await same_origin(request, gate)
    return await sent_fields(request)


Arriving = Annotated[Visit, Depends(arriving_visit)]
ArrivingForm = Annotated[Visit, Depends(arriving_form)]
Reading = Annotated[Visit, Depends(reading_visit)]
Listening = Annotated[SignedIn, Depends(listening_sign_in)]
Changing = Annotated[Visit, Depends(changing_visit)]
OpenVisit = Annotated[Visit | None, Depends(open_visit)]
OpenForm = Annotated[dict[str, str], Depends(open_form)]
Cursor = Annotated[str | None, Query(max_length=200)]
OfficeGiven = Annotated[str, Query(max_length=32)]
Note = Annotated[str, Query(max_length=40)]
