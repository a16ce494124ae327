from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.access.permissions import Permission
from app.agendas import service as agendas
from app.agendas.schemas import MeetingId
from app.core.deps import Session
from app.web.deps import Reading, page
from app.web.pages import PageRoute

router = APIRouter(route_class=PageRoute)


@router.get("/agenda", **page(Permission.AGENDAS_READ))
async def show_agenda(
    visit: Reading, session: Session, meeting: Annotated[MeetingId, Query()] = agendas.OF_STATE
) -> Response:
    """Show what a monthly meeting of the office is to talk about."""
    meetings = await agendas.list_meetings(session, visit.principal, now=visit.now)
    agenda = None
    if meetings.items:
        agenda = await agendas.read_agenda(session, visit.principal, meeting, now=visit.now)
    return visit.page(
        "agendas/agenda.html",
        meetings=meetings.items,
        agenda=agenda,
        count_text=agendas.count_text,
    )
