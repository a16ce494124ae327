"""Values that say less than others of their kind: what is on the lists that apply to the office."""

from typing import Final
from uuid import uuid4

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.cases.routes import THEN_FINISH
from app.core.deps import Session
from app.core.ids import parse_public_id
from app.suppressing import service as suppressing
from app.suppressing.schemas import SuppressionId
from app.web.deps import Changing, Cursor, Note, Reading, page
from app.web.once import once
from app.web.pages import PageRoute

router = APIRouter(route_class=PageRoute)
PER_PAGE: Final = 25
_MANAGE: Final = page(Permission.SUPPRESSIONS_MANAGE)


@router.get("/suppressions", **_MANAGE)
async def show_suppressions(
    visit: Reading,
    session: Session,
    response: Response,
    cursor: Cursor = None,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show the entries that apply to the office: its own, its state's and those for all."""
    wanted = visit.list_page(response, cursor, PER_PAGE, "")
    found = await suppressing.list_suppressions(
        session, visit.principal, before=wanted.id, limit=PER_PAGE
    )
    return visit.page(
        "office/suppressions.html",
        entries=[read for _, read in found],
        next_cursor=wanted.end([key for key, _ in found]),
        is_first=cursor is None,
    )


@router.get("/suppressions/{suppression_id}", **_MANAGE)
async def show_end_suppression(
    suppression_id: SuppressionId, visit: Reading, session: Session
) -> Response:
    """Ask whether an entry of the office is to end."""
    key = parse_public_id(suppressing.PREFIX, suppression_id)
    entry = await suppressing.read_suppression(session, visit.principal, key)
    return visit.page("office/end_suppression.html", entry=entry, key=uuid4().hex)


@router.post("/suppressions/{suppression_id}", dependencies=THEN_FINISH, **_MANAGE)
async def end_suppression(
    suppression_id: SuppressionId, request: Request, visit: Changing, session: Session
) -> Response:
    """End an entry of the office: what it held back is found again."""
    key = parse_public_id(suppressing.PREFIX, suppression_id)
    keyring = request.app.state.keyring
    await once(
        session,
        visit,
        Permission.SUPPRESSIONS_MANAGE,
        lambda: suppressing.end_suppression(session, visit.principal, keyring, key, now=visit.now),
    )
    return visit.redirect("/suppressions", "suppression-ended")
