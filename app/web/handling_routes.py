from typing import Final, get_args
from uuid import uuid4

from fastapi import APIRouter, Response
from pydantic import TypeAdapter

from app.access.permissions import Permission
from app.core.deps import Session
from app.core.ids import parse_public_id
from app.core.preconditions import Precondition
from app.handling import queries, service
from app.handling.schemas import (
    DeclineReason,
    HandlingAccept,
    HandlingAnswer,
    HandlingDecline,
    HandlingId,
    HandlingRead,
)
from app.web import forms
from app.web.deps import Changing, Cursor, Note, Reading, page
from app.web.once import once
from app.web.pages import PageRoute, Visit

router = APIRouter(route_class=PageRoute)
PER_PAGE: Final = 25
ANSWERS: Final[TypeAdapter[HandlingAnswer]] = TypeAdapter(HandlingAnswer)


@router.get("/handling", **page(Permission.HANDLING_READ))
async def show_requests(
    visit: Reading, session: Session, response: Response, cursor: Cursor = None
) -> Response:
    """Show the requests for joint handling that the office sent or received."""
    wanted = visit.list_page(response, cursor, PER_PAGE, "")
    found = await service.list_requests(
        session, visit.principal, before=wanted.id, limit=PER_PAGE, now=visit.now
    )
    return visit.page(
        "handling/requests.html",
        requests=[read for _, read in found],
        next_cursor=wanted.end([key for key, _ in found]),
        is_first=cursor is None,
    )


@router.get("/handling/{request_id}", **page(Permission.HANDLING_READ))
async def show_request(
    request_id: HandlingId,
    visit: Reading,
    session: Session,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show one request, with the form to answer it where it is the office's to answer."""
    key = parse_public_id(queries.PREFIX, request_id)
    read = await service.read_request(session, visit.principal, key, now=visit.now)
    return _request(visit, read, {})


def _request(
    visit: Visit, read: HandlingRead, errors: dict[str, str], status: int = 200
) -> Response:
    return visit.page(
        "handling/request.html",
        status=status,
        handling=read,
        reasons=get_args(DeclineReason),
        errors=errors,
        form=visit.form,
        key=uuid4().hex,
    )


@router.post("/handling/{request_id}/answer", **page(Permission.HANDLING_ANSWER))
async def answer_request(request_id: HandlingId, visit: Changing, session: Session) -> Response:
    """Accept the request, or decline it with a reason; the first answer is final."""
    key = parse_public_id(queries.PREFIX, request_id)
    is_decline = visit.form.get("answer") == "decline"
    sent = forms.only(visit.form, "answer", *(["reason"] if is_decline else []))
    schema = HandlingDecline if is_decline else HandlingAccept
    body, errors = forms.read(schema, sent)
    if body is None:
        if is_decline:
            errors = {"reason": "Say why, so that the other office knows."}
        read = await service.read_request(session, visit.principal, key, now=visit.now)
        return _request(visit, read, errors, 422)
    answer = ANSWERS.validate_python(body)
    if_match = Precondition.parse(visit.form.get("version", ""))
    await once(
        session,
        visit,
        Permission.HANDLING_ANSWER,
        lambda: service.answer_request(
            session, visit.principal, key, answer, if_match=if_match, now=visit.now
        ),
    )
    return visit.redirect(f"/handling/{request_id}", "answer-given")
