"""Forms that take a request a step further; each names the version that was read."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter, Response

from app.access.permissions import Permission
from app.core.deps import Session
from app.core.ids import parse_public_id
from app.core.preconditions import Precondition
from app.core.schemas import Sent
from app.handling import answering, deciding, moving, queries, reading, signing
from app.handling.errors import HandlingNotFoundError
from app.handling.reads import HandlingId, HandlingRead
from app.handling.schemas import (
    HandlingAccept,
    HandlingAdmit,
    HandlingClose,
    HandlingConclude,
    HandlingCounter,
    HandlingDecline,
    HandlingExtend,
    HandlingLeave,
    HandlingReturn,
    HandlingRevise,
    HandlingSign,
    HandlingSubmit,
    HandlingWithdraw,
    InstrumentRecord,
)
from app.handling.terms import ATTESTATION, Terms
from app.web import forms, handling_words, refusals, terms_form
from app.web.deps import Changing, Reading, page
from app.web.handling_routes import refused_terms, show
from app.web.once import attempt
from app.web.pages import PageRoute, Visit

router = APIRouter(route_class=PageRoute)
_ANSWERS: Final[Mapping[str, type[Sent]]] = {
    "accept": HandlingAccept,
    "decline": HandlingDecline,
    "extend": HandlingExtend,
    "admit": HandlingAdmit,
    "close": HandlingClose,
}
_BESIDE: Final = "reason", "explanation", "ends_on", "office"
_PAPER: Final = "authority", "signatory", "scope", "dated_on", "document_sha256"
_MOVES: Final[Mapping[str, type[Sent]]] = {"submit": HandlingSubmit, "withdraw": HandlingWithdraw}
_DECISIONS: Final[Mapping[str, type[Sent]]] = {
    "return": HandlingReturn,
    "conclude": HandlingConclude,
    "leave": HandlingLeave,
}
_ADVICE: Final = {
    "revise": "The draft before is kept as its earlier version.",
    "counter": "Your office accepts its own version with it; every other party must accept it too.",
}


async def _step(
    visit: Visit,
    session: Session,
    request_id: str,
    permission: Permission,
    act: Callable[..., Awaitable[HandlingRead]],
    body: Any,
) -> Response:
    """Take the step once and go back to the request, with what hinders it if something does."""
    key = parse_public_id(queries.PREFIX, request_id)
    if_match = Precondition.parse(visit.form.get("version", ""))
    _, refused = await attempt(
        session,
        visit,
        permission,
        lambda: act(session, visit.principal, key, body, if_match=if_match, now=visit.now),
    )
    if refused is None:
        return visit.redirect(f"/handling/{request_id}", "step-taken")
    errors = refusals.at_form(refused)
    if isinstance(body, HandlingRevise | HandlingCounter):
        read = await reading.read_request(session, visit.principal, key, now=visit.now)
        step = "revise" if isinstance(body, HandlingRevise) else "counter"
        if step in read.steps:
            return _form(visit, read, step, visit.form, errors, refused.status)
    return await show(visit, session, request_id, errors, refused.status)


@router.post("/handling/{request_id}/moves", **page(Permission.HANDLING_REQUEST))
async def move_request(request_id: HandlingId, visit: Changing, session: Session) -> Response:
    """Give the draft to leadership, change it, or take the request back."""
    permission = Permission.HANDLING_REQUEST
    visit.principal.require(permission)
    if visit.form.get("move") == "revise":
        terms, answer = await _terms(visit, session, request_id, "revise")
        if terms is None:
            return answer
        body: Any = HandlingRevise(move="revise", terms=terms)
    else:
        body, errors = forms.read_one(_MOVES, "move", visit.form)
        if body is None:
            return await show(visit, session, request_id, errors, 422)
    return await _step(visit, session, request_id, permission, moving.move_request, body)


@router.post("/handling/{request_id}/answers", **page(Permission.HANDLING_ANSWER))
async def answer_request(request_id: HandlingId, visit: Changing, session: Session) -> Response:
    """Accept, decline with a reason, propose other terms, or close a question."""
    permission = Permission.HANDLING_ANSWER
    visit.principal.require(permission)
    if visit.form.get("answer") == "counter":
        terms, answer = await _terms(visit, session, request_id, "counter")
        if terms is None:
            return answer
        body: Any = HandlingCounter(answer="counter", terms=terms)
    else:
        body, errors = forms.read_one(_ANSWERS, "answer", visit.form, *_BESIDE)
        if body is None:
            return await show(visit, session, request_id, errors, 422)
    return await _step(visit, session, request_id, permission, answering.answer_request, body)


@router.post("/handling/{request_id}/signatures", **page(Permission.HANDLING_SIGN))
async def sign_request(request_id: HandlingId, visit: Changing, session: Session) -> Response:
    """Sign the text that was shown, with the attestation typed."""
    visit.principal.require(Permission.HANDLING_SIGN)
    sent = forms.only(visit.form, "digest", "attestation", "post")
    body, errors = forms.read(HandlingSign, sent)
    if body is not None and body.attestation != ATTESTATION:
        errors = {"attestation": "Type the sentence letter for letter."}
    if body is None or errors:
        return await show(visit, session, request_id, errors, 422)
    return await _step(
        visit, session, request_id, Permission.HANDLING_SIGN, signing.sign_request, body
    )


@router.post("/handling/{request_id}/decisions", **page(Permission.HANDLING_SIGN))
async def decide_request(request_id: HandlingId, visit: Changing, session: Session) -> Response:
    """Return the own draft, or conclude an agreement."""
    visit.principal.require(Permission.HANDLING_SIGN)
    body, errors = forms.read_one(_DECISIONS, "decision", visit.form, "reason")
    if body is None:
        return await show(visit, session, request_id, errors, 422)
    return await _step(
        visit, session, request_id, Permission.HANDLING_SIGN, deciding.decide_request, body
    )


@router.post("/handling/{request_id}/instruments", **page(Permission.HANDLING_ANSWER))
async def record_instrument(request_id: HandlingId, visit: Changing, session: Session) -> Response:
    """Enter a referral or consent on paper."""
    permission = Permission.HANDLING_ANSWER
    visit.principal.require(permission)
    body, errors = forms.read(InstrumentRecord, forms.only(visit.form, *_PAPER))
    if body is None:
        return await show(visit, session, request_id, errors, 422)
    recorded, key = body, parse_public_id(queries.PREFIX, request_id)
    _, refused = await attempt(
        session,
        visit,
        permission,
        lambda: deciding.record_instrument(session, visit.principal, key, recorded, now=visit.now),
    )
    if refused is not None:
        return await show(visit, session, request_id, refusals.at_form(refused), refused.status)
    return visit.redirect(f"/handling/{request_id}", "step-taken")


@router.get("/handling/{request_id}/terms", **page(Permission.HANDLING_READ))
async def show_terms(request_id: HandlingId, visit: Reading, session: Session) -> Response:
    """Show the form of the next version of the terms, filled with the one on the table."""
    key = parse_public_id(queries.PREFIX, request_id)
    read = await reading.read_request(session, visit.principal, key, now=visit.now)
    step = next((each for each in ("revise", "counter") if each in read.steps), None)
    if read.terms is None or step is None:
        raise HandlingNotFoundError
    return _form(visit, read, step, terms_form.filled(read.terms), {})


async def _terms(
    visit: Visit, session: Session, request_id: str, step: str
) -> tuple[Terms | None, Response]:
    """Return the terms that the form sent, or None and the form with what is wrong."""
    key = parse_public_id(queries.PREFIX, request_id)
    read = await reading.read_request(session, visit.principal, key, now=visit.now)
    terms, errors = terms_form.read(visit.form)
    errors |= refused_terms(terms, len(read.parties), visit, read.terms_number + 1)
    answer = _form(visit, read, step, visit.form, errors, 422)
    return (None if errors else terms), answer


def _form(
    visit: Visit,
    read: HandlingRead,
    step: str,
    form: dict[str, str],
    errors: dict[str, str],
    status: int = 200,
) -> Response:
    name, what = ("move", "moves") if step == "revise" else ("answer", "answers")
    return visit.page(
        "handling/terms.html",
        status=status,
        title="Change the draft" if step == "revise" else "Propose other terms",
        action=f"/handling/{read.id}/{what}",
        back=("Request", f"/handling/{read.id}"),
        advice=_ADVICE[step],
        button="Keep this version" if step == "revise" else "Propose these terms",
        kinds=(),
        step=(name, step),
        version=read.etag,
        options=terms_form.options,
        forum=terms_form.FORUM,
        parties=[(str(each.number), handling_words.party(each)) for each in read.parties],
        form=form,
        errors=errors,
        key=uuid4().hex,
    )
