"""The queue of overlaps: whose turn it is, what is new, what is due, and filters with a name."""

from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from app.access.permissions import Permission
from app.cases.vocabulary import Band
from app.core.deps import Session
from app.followups import beside
from app.queues import service as queues
from app.queues import views
from app.queues.schemas import Assigned, QueueFilter, Turn, ViewSave
from app.quotas.counting import within_listing
from app.web import forms
from app.web.deps import Changing, Cursor, Note, Reading, page
from app.web.pages import PageRoute

router = APIRouter(route_class=PageRoute)
PER_PAGE: Final = 25
BANDS: Final = ("strong", "probable", "possible", "shared_only")


class _Filters(BaseModel):
    """What the address of the queue may say; empty is what a form sends of a field left alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    turn: Turn = "all"
    band: Band | Literal[""] = ""
    case: Annotated[str, Query(max_length=64)] = ""
    assigned: Assigned = "anyone"
    new: Literal["", "1"] = ""

    @property
    def text(self) -> str:
        """Return them as a part of an address, without those that say nothing."""
        told = self.model_dump(exclude_defaults=True)
        return urlencode({"turn": self.turn, **told})


@router.get("/overlaps", **page(Permission.OVERLAPS_READ))
async def show_queue(  # noqa: PLR0913, PLR0917 -- the filters of the address
    visit: Reading,
    session: Session,
    response: Response,
    turn: Turn = "all",
    band: Band | Literal[""] = "",
    case: Annotated[str, Query(max_length=64)] = "",
    assigned: Assigned = "anyone",
    new: Literal["", "1"] = "",
    cursor: Cursor = None,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show the overlaps that the office may know of, by whose answer they wait for."""
    given = _Filters(turn=turn, band=band, case=case, assigned=assigned, new=new)
    who, now = visit.principal, visit.now
    is_newest = cursor is None and given == _Filters()
    async with within_listing(session, who, now=now, is_newest=is_newest):
        before = await views.note_visit(session, who, began_at=visit.signed.began_at, now=now)
        asked = QueueFilter(
            turn=turn,
            band=band or None,
            external_id=case or None,
            assigned=assigned,
            since=(before or visit.signed.began_at) if new else None,
        )
        wanted = visit.list_page(response, cursor, PER_PAGE, given.text)
        found = await queues.list_overlaps(
            session, who, asked, before=wanted.id, limit=PER_PAGE, now=now
        )
        return visit.page(
            "overlaps/results.html" if visit.is_part else "overlaps/queue.html",
            overlaps=[seen.read for seen in found],
            follow_ups=await beside.list_of_overlaps(session, who, [s.id for s in found], now=now),
            next_cursor=wanted.end([seen.id for seen in found]),
            is_first=cursor is None,
            asked=asked,
            given=given,
            bands=BANDS,
            filters=given.text,
            since=before,
            counts=await queues.count_overlaps(session, who, assigned, since=before, now=now),
            views=await views.list_views(session, who),
        )


@router.post("/overlaps/views", **page(Permission.OVERLAPS_READ))
async def save_view(visit: Changing, session: Session) -> Response:
    """Keep the filters of the page under a name, for the person alone.

    But for the number of a case: a view would outlive the case.
    """
    visit.principal.require(Permission.OVERLAPS_READ)
    sent = forms.only(visit.form, *(_Filters.model_fields.keys() - {"case"}))
    given, _ = forms.read(_Filters, sent)
    filters = given.text if given else ""
    body, wrong = forms.read(ViewSave, {"name": visit.form.get("name", ""), "filters": filters})
    wrong |= forms.identifying(visit.form, "name")
    if body is None or wrong:
        return visit.redirect(f"/overlaps?{filters}", "view-refused")
    await views.save_view(session, visit.principal, body, now=visit.now)
    return visit.redirect(f"/overlaps?{filters}", "view-saved")


@router.post("/overlaps/views/forgotten", **page(Permission.OVERLAPS_READ))
async def forget_view(visit: Changing, session: Session) -> Response:
    """Forget one of the person's views."""
    await views.forget_view(session, visit.principal, visit.form.get("name", ""))
    return visit.redirect("/overlaps", "view-forgotten")
