"""What the Attorney General sees of the overlaps between two offices of the state."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from app.access.permissions import Permission
from app.cases.vocabulary import Band
from app.core.deps import Session
from app.followups import mediating
from app.sharing import audience
from app.sharing.schemas import StateOverlapRead
from app.sharing.state_pointers import Asked
from app.web.deps import Cursor, Reading, page
from app.web.pages import PageRoute

router = APIRouter(route_class=PageRoute)
PER_PAGE: Final = 25
_DAYS: Final = (7, 30, 90)
Days = Annotated[Literal["", "7", "30", "90"], Query()]
"""Found within so many days; a form sends a field that was left empty too."""


@router.get("/state", **page(Permission.STATE_OVERLAPS_READ))
async def show_state(
    visit: Reading,
    session: Session,
    response: Response,
    of: Literal["all", "waiting"] = "all",
    band: Band | Literal[""] = "",
    days: Days = "",
    cursor: Cursor = None,
) -> Response:
    """Show the Attorney General overlaps of the state, or those that wait for it as mediator."""
    given = {"of": of, "band": band, "days": days}
    filters = urlencode({name: text for name, text in given.items() if text})
    wanted = visit.list_page(response, cursor, PER_PAGE, filters)
    who, now, before = visit.principal, visit.now, wanted.id
    since = now - timedelta(days=int(days)) if days else None
    asked = Asked(band=band or None, since=since)
    rows: list[tuple[StateOverlapRead, datetime | None]]
    if of == "waiting":
        waiting = await mediating.list_mediations(
            session, who, asked, before=before, limit=PER_PAGE, now=now
        )
        keys = [key for key, _ in waiting]
        rows = [(read.overlap, read.asked_at) for _, read in waiting]
    else:
        found = await audience.list_state_overlaps(
            session, who, asked, before=before, limit=PER_PAGE, now=now
        )
        keys = [key for key, _ in found]
        rows = [(read, None) for _, read in found]
    return visit.page(
        "overlaps/state.html",
        rows=rows,
        given=given,
        is_narrowed=bool(band or days),
        days=_DAYS,
        filters=filters,
        next_cursor=wanted.end(keys),
        is_first=cursor is None,
    )
