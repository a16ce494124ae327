"""Asking whom to call where the other case is contact first, and answering who asks."""

from typing import Final
from uuid import uuid4

from fastapi import APIRouter, Response

from app.access.permissions import Permission
from app.cases import ladder
from app.cases.errors import OverlapNotFoundError
from app.cases.overlap_schemas import OverlapId
from app.contact_requests import reading, service
from app.contact_requests.schemas import ContactAnswer, ContactAsk, ContactRequestId
from app.core.deps import Session, Settings
from app.core.ids import parse_public_id
from app.core.preconditions import Precondition
from app.openings import service as openings
from app.web import forms, overlap_routes
from app.web.deps import Changing, Cursor, Note, Reading, page
from app.web.once import once
from app.web.pages import PageRoute, Visit

router = APIRouter(route_class=PageRoute)
PER_PAGE: Final = 25


@router.get("/contact-requests", **page(Permission.HANDLING_READ))
async def show_contact_requests(
    visit: Reading, session: Session, response: Response, cursor: Cursor = None
) -> Response:
    """Show the requests for a contact that the office sent or received."""
    wanted = visit.list_page(response, cursor, PER_PAGE, "")
    found = await reading.list_requests(
        session, visit.principal, before=wanted.id, limit=PER_PAGE, now=visit.now
    )
    return visit.page(
        "asking/contacts.html",
        requests=[read for _, read in found],
        next_cursor=wanted.end([key for key, _ in found]),
        is_first=cursor is None,
    )


@router.get("/contact-requests/{request_id}", **page(Permission.HANDLING_READ))
async def show_contact_request(
    request_id: ContactRequestId,
    visit: Reading,
    session: Session,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show one request beside its overlap, which names the office that asks and no more."""
    return await _request(visit, session, request_id, {})


async def _request(
    visit: Visit, session: Session, request_id: str, errors: dict[str, str]
) -> Response:
    key = parse_public_id(reading.PREFIX, request_id)
    asked = await reading.read_request(session, visit.principal, key, now=visit.now)
    overlap = None
    try:
        seen = await openings.read_overlap(
            session,
            visit.principal,
            parse_public_id(ladder.PREFIX, asked.overlap_id),
            reason=None,
            now=visit.now,
        )
        overlap = seen.read
    except OverlapNotFoundError:
        pass  # it was retracted, or is for others by now: the request stays to be read
    return visit.page(
        "asking/contact.html",
        status=422 if errors else 200,
        asked=asked,
        overlap=overlap,
        errors=errors,
        form=visit.form,
        key=uuid4().hex,
        other_key=uuid4().hex,
    )


@router.post("/overlaps/{overlap_id}/contact", **page(Permission.HANDLING_REQUEST))
async def ask_for_contact(
    overlap_id: OverlapId, visit: Changing, session: Session, settings: Settings
) -> Response:
    """Ask the other office to show whom to call; sent twice, it is asked once."""
    visit.principal.require(Permission.HANDLING_REQUEST)
    key = parse_public_id(ladder.PREFIX, overlap_id)
    body, errors = forms.read(ContactAsk, {"reason": visit.form.get("contact_reason", "")})
    if body is None:
        errors = {"contact_reason": errors["reason"]}
        seen = await openings.read_overlap(
            session, visit.principal, key, reason=None, now=visit.now
        )
        return await overlap_routes.show(visit, session, seen, settings, errors, 422)
    reason = body.reason
    made = await once(
        session,
        visit,
        Permission.HANDLING_REQUEST,
        lambda: service.request_contact(session, visit.principal, key, reason, now=visit.now),
    )
    return visit.redirect(f"/contact-requests/{made['id']}", "contact-asked")


@router.post("/contact-requests/{request_id}/answers", **page(Permission.HANDLING_ANSWER))
async def answer_contact_request(
    request_id: ContactRequestId, visit: Changing, session: Session
) -> Response:
    """Accept a request, decline it with a reason, or withdraw one's own; the first is final."""
    visit.principal.require(Permission.HANDLING_ANSWER)
    sent = forms.only(visit.form, "answer", "reason")
    body, errors = forms.read(ContactAnswer, sent)
    if body is None:
        return await _request(visit, session, request_id, errors)
    key, answer = parse_public_id(reading.PREFIX, request_id), body
    if_match = Precondition.parse(visit.form.get("version", ""))
    await once(
        session,
        visit,
        Permission.HANDLING_ANSWER,
        lambda: service.answer_request(
            session, visit.principal, key, answer, if_match=if_match, now=visit.now
        ),
    )
    return visit.redirect(f"/contact-requests/{request_id}", "contact-answered")
