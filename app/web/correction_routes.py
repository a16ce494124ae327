"""Two persons' reviews: of an entry that is said to be wrong, and of a summary that was refused."""

from collections.abc import Sequence
from typing import Final
from uuid import uuid4

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.cases.registering import Intake
from app.core.deps import Session
from app.core.ids import parse_public_id
from app.reviews import corrections, summaries
from app.reviews.errors import OtherSummaryError, ReadingNotNeededError
from app.reviews.models import Correction
from app.reviews.schemas import (
    CorrectionAsk,
    CorrectionId,
    CorrectionSettle,
    ReadingId,
    SummaryReadingAsk,
    SummaryReadingGive,
)
from app.sharing.errors import ReasonRefusedError
from app.sharing.routes import CASE, Ref
from app.web import forms
from app.web.deps import Changing, Cursor, Note, Reading, page
from app.web.once import once
from app.web.pages import PageRoute, Visit

router = APIRouter(route_class=PageRoute)
PER_PAGE: Final = 25


@router.get(CASE + "/corrections", **page(Permission.CASES_READ))
async def show_corrections(
    ref: Ref,
    visit: Reading,
    session: Session,
    response: Response,
    cursor: Cursor = None,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show what of an entry was said to be wrong, and what came of it."""
    wanted = visit.list_page(response, cursor, PER_PAGE, "")
    found = await corrections.list_corrections(
        session, visit.principal, ref, before=wanted.id, limit=PER_PAGE
    )
    end = wanted.end([each.id for each in found])
    return await _corrections(
        visit, session, ref, found, {}, next_cursor=end, is_first=cursor is None
    )


async def _corrections(
    visit: Visit,
    session: Session,
    ref: tuple[str, str],
    found: Sequence[Correction],
    errors: dict[str, str],
    *,
    next_cursor: str | None = None,
    is_first: bool = True,
) -> Response:
    return visit.page(
        "cases/corrections.html",
        status=422 if errors else 200,
        ref=ref,
        has_left=await corrections.has_left(session, visit.principal, ref),
        corrections=[corrections.render(each) for each in found],
        next_cursor=next_cursor,
        is_first=is_first,
        today=visit.today,
        errors=errors,
        form=visit.form,
        key=uuid4().hex,
    )


async def _again(
    visit: Visit, session: Session, ref: tuple[str, str], errors: dict[str, str]
) -> Response:
    found = await corrections.list_corrections(
        session, visit.principal, ref, before=None, limit=PER_PAGE
    )
    return await _corrections(visit, session, ref, found, errors)


@router.post(CASE + "/corrections", **page(Permission.CASES_POST))
async def ask_correction(ref: Ref, visit: Changing, session: Session) -> Response:
    """Have the entry reviewed; sent twice, it is asked once."""
    visit.principal.require(Permission.CASES_POST)
    body, errors = forms.read(CorrectionAsk, forms.only(visit.form, "asked_for", "ground"))
    if body is None:
        return await _again(visit, session, ref, errors)
    asked = body
    await once(
        session,
        visit,
        Permission.CASES_POST,
        lambda: corrections.ask_correction(session, visit.principal, ref, asked, now=visit.now),
    )
    return visit.redirect(f"/cases/{'/'.join(ref)}/corrections", "correction-asked")


@router.post(CASE + "/corrections/{correction_id}/outcome", **page(Permission.CASES_OVERSEE))
async def settle_correction(
    ref: Ref, correction_id: CorrectionId, visit: Changing, session: Session
) -> Response:
    """Say what came of a review; another person asked for it."""
    visit.principal.require(Permission.CASES_OVERSEE)
    body, errors = forms.read(CorrectionSettle, forms.only(visit.form, "outcome"))
    if body is None:
        return await _again(visit, session, ref, {"": errors["outcome"]})
    key = parse_public_id(corrections.PREFIX, correction_id)
    await corrections.settle_correction(
        session, visit.principal, ref, key, body.outcome, now=visit.now
    )
    return visit.redirect(f"/cases/{'/'.join(ref)}/corrections", "correction-settled")


@router.get("/summary-readings", **page(Permission.SUMMARIES_VOUCH))
async def show_summary_reading(visit: Reading) -> Response:
    """Show where one says that a refused summary holds no identifier."""
    visit.principal.require(Permission.SUMMARIES_VOUCH)
    return _reading(visit, {})


def _reading(visit: Visit, errors: dict[str, str], reading_id: str = "") -> Response:
    return visit.page(
        "cases/summary_reading.html",
        status=422 if errors else 200,
        reading_id=reading_id,
        form=visit.form,
        errors=errors,
    )


@router.post("/summary-readings", **page(Permission.SUMMARIES_VOUCH))
async def ask_summary_reading(request: Request, visit: Changing, session: Session) -> Response:
    """Say so, and have a second person agree; the text is not kept."""
    visit.principal.require(Permission.SUMMARIES_VOUCH)
    body, errors = forms.read(SummaryReadingAsk, forms.only(visit.form, "summary", "reason"))
    if body is None:
        return _reading(visit, errors)
    intake: Intake = request.app.state.intake
    try:
        asked = await summaries.ask_reading(
            session, visit.principal, intake.app_secret, body, now=visit.now
        )
    except ReasonRefusedError as error:  # nothing was stored yet, here and below
        return _reading(visit, forms.refused(error))
    except ReadingNotNeededError as error:
        return _reading(visit, {"summary": error.detail})
    return visit.redirect(f"/summary-readings/{asked.id}", "reading-asked")


@router.get("/summary-readings/{reading_id}", **page(Permission.SUMMARIES_VOUCH))
async def show_second_reading(
    reading_id: ReadingId,
    visit: Reading,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show where a second person agrees, who has the text before them too."""
    visit.principal.require(Permission.SUMMARIES_VOUCH)
    return _reading(visit, {}, reading_id)


@router.post("/summary-readings/{reading_id}", **page(Permission.SUMMARIES_VOUCH))
async def give_second_reading(
    reading_id: ReadingId, request: Request, visit: Changing, session: Session
) -> Response:
    """Agree; for a year a case can be posted with exactly this text."""
    visit.principal.require(Permission.SUMMARIES_VOUCH)
    body, errors = forms.read(SummaryReadingGive, forms.only(visit.form, "summary"))
    if body is None:
        return _reading(visit, errors, reading_id)
    intake: Intake = request.app.state.intake
    key = parse_public_id(summaries.PREFIX, reading_id)
    try:
        await summaries.give_reading(
            session, visit.principal, intake.app_secret, key, body.summary, now=visit.now
        )
    except OtherSummaryError as error:
        return _reading(visit, {"summary": error.detail}, reading_id)
    return visit.redirect(f"/summary-readings/{reading_id}", "reading-given")
