"""Reading the other side in an emergency, and the owner's review of it."""

from typing import Final
from uuid import uuid4

from fastapi import APIRouter, Response

from app.access.permissions import Permission
from app.cases import ladder
from app.cases.overlap_schemas import OverlapId
from app.core.deps import Session
from app.core.ids import parse_public_id
from app.openings import service as openings
from app.sharing import glass
from app.sharing.errors import ReasonRefusedError
from app.sharing.schemas import BreakId, GlassAsk, GlassReview
from app.web import forms
from app.web.deps import Changing, Cursor, Note, Reading, page
from app.web.once import once
from app.web.pages import PageRoute, Visit

router = APIRouter(route_class=PageRoute)
PER_PAGE: Final = 25


@router.get("/overlaps/{overlap_id}/glass", **page(Permission.GLASS_BREAK))
async def show_glass(overlap_id: OverlapId, visit: Reading, session: Session) -> Response:
    """Ask why the other side must be read now, and for how long."""
    visit.principal.require(Permission.GLASS_BREAK)
    return await _glass(visit, session, overlap_id, {})


async def _glass(
    visit: Visit, session: Session, overlap_id: str, errors: dict[str, str]
) -> Response:
    key = parse_public_id(ladder.PREFIX, overlap_id)
    overlap = await openings.read_overlap(session, visit.principal, key, reason=None, now=visit.now)
    return visit.page(
        "access/glass.html",
        status=422 if errors else 200,
        overlap=overlap.read,
        is_proved=visit.is_proved(glass.PROVED_WITHIN),
        errors=errors,
        form=visit.form,
        key=uuid4().hex,
    )


@router.post("/overlaps/{overlap_id}/glass", **page(Permission.GLASS_BREAK))
async def break_glass(overlap_id: OverlapId, visit: Changing, session: Session) -> Response:
    """Open the other side's summary for the minutes asked; its office is told at once."""
    visit.principal.require(Permission.GLASS_BREAK)
    sent = forms.only(visit.form, "reason") | {"minutes": forms.number(visit.form, "minutes")}
    body, errors = forms.read(GlassAsk, sent)
    if body is None:
        return await _glass(visit, session, overlap_id, errors)
    try:
        glass.check_reason(body)
    except ReasonRefusedError as error:
        return await _glass(visit, session, overlap_id, forms.refused(error))
    asked, key = body, parse_public_id(ladder.PREFIX, overlap_id)
    await once(
        session,
        visit,
        Permission.GLASS_BREAK,
        lambda: glass.break_glass(session, visit.principal, key, asked, now=visit.now),
    )
    return visit.redirect(f"/overlaps/{overlap_id}", "glass-broken")


@router.get("/glass-breaks", **page(Permission.GRANTS_READ))
async def show_glass_breaks(
    visit: Reading,
    session: Session,
    response: Response,
    cursor: Cursor = None,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show notices of emergency readings, to the office and by it."""
    wanted = visit.list_page(response, cursor, PER_PAGE, "")
    found = await glass.list_notices(session, visit.principal, before=wanted.id, limit=PER_PAGE)
    return visit.page(
        "oversight/glass_breaks.html",
        notices=[read for _, read in found],
        next_cursor=wanted.end([key for key, _ in found]),
        is_first=cursor is None,
    )


@router.get("/glass-breaks/{break_id}", **page(Permission.GRANTS_READ))
async def show_glass_break(break_id: BreakId, visit: Reading, session: Session) -> Response:
    """Show one notice, and its owner the form that closes the review."""
    return await _notice(visit, session, break_id, {})


async def _notice(
    visit: Visit, session: Session, break_id: str, errors: dict[str, str]
) -> Response:
    key = parse_public_id(glass.PREFIX, break_id)
    return visit.page(
        "oversight/glass_break.html",
        status=422 if errors else 200,
        notice=await glass.read_notice(session, visit.principal, key),
        errors=errors,
        form=visit.form,
    )


@router.post("/glass-breaks/{break_id}/review", **page(Permission.GLASS_REVIEW))
async def review_glass_break(break_id: BreakId, visit: Changing, session: Session) -> Response:
    """Close the owner's review; the finding stays."""
    visit.principal.require(Permission.GLASS_REVIEW)
    body, errors = forms.read(GlassReview, forms.only(visit.form, "finding"))
    if body is None:
        return await _notice(visit, session, break_id, errors)
    key = parse_public_id(glass.PREFIX, break_id)
    await glass.review_break(session, visit.principal, key, body.finding, now=visit.now)
    return visit.redirect("/glass-breaks", "glass-reviewed")
