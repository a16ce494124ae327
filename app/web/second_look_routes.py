"""Declined cases that overlap since: what came, whom to consult, what the office made of it."""

from typing import Final

from fastapi import APIRouter, Response

from app.access.permissions import Permission
from app.core.deps import Session
from app.core.ids import parse_public_id
from app.core.preconditions import Precondition
from app.second_looks import service
from app.second_looks.schemas import SecondLookId, SecondLookStep, Whose
from app.web import forms
from app.web.deps import Changing, Cursor, Note, Reading, page
from app.web.pages import PageRoute, Visit

router = APIRouter(route_class=PageRoute)
PER_PAGE: Final = 15


@router.get("/second-looks", **page(Permission.OVERLAPS_READ))
async def show_second_looks(
    visit: Reading,
    session: Session,
    response: Response,
    whose: Whose = "own",
    cursor: Cursor = None,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show declined cases that overlap since, the office's own or other sides'."""
    return await _looks(visit, session, response, whose, cursor, {})


async def _looks(
    visit: Visit,
    session: Session,
    response: Response,
    whose: Whose,
    cursor: str | None,
    errors: dict[str, str],
) -> Response:
    wanted = visit.list_page(response, cursor, PER_PAGE, f"whose={whose}")
    found = await service.list_looks(
        session, visit.principal, whose, before=wanted.id, limit=PER_PAGE, now=visit.now
    )
    return visit.page(
        "asking/looks.html",
        status=422 if errors else 200,
        looks=[read for _, read in found],
        whose=whose,
        next_cursor=wanted.end([key for key, _ in found]),
        is_first=cursor is None,
        errors=errors,
        form=visit.form,
    )


@router.post("/second-looks/{look_id}/steps", **page(Permission.OVERLAPS_JUDGE))
async def take_second_look_step(
    look_id: SecondLookId, visit: Changing, session: Session, response: Response
) -> Response:
    """Note that it was read, or close it with what the office made of it."""
    visit.principal.require(Permission.OVERLAPS_JUDGE)
    body, _ = forms.read(SecondLookStep, forms.only(visit.form, "event", "outcome"))
    if body is None:
        errors = {f"outcome-{look_id}": forms.hint("outcome")}
        return await _looks(visit, session, response, "own", None, errors)
    key = parse_public_id(service.PREFIX, look_id)
    if_match = Precondition.parse(visit.form.get("version", ""))
    await service.take_step(session, visit.principal, key, body, if_match=if_match, now=visit.now)
    return visit.redirect("/second-looks", "look-kept")
