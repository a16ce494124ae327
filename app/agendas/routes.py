from typing import Annotated

from fastapi import APIRouter, Path

from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.agendas import service
from app.agendas.errors import AgendaNotFoundError
from app.agendas.schemas import AgendaRead, MeetingId, MeetingList
from app.core.deps import Now, Session
from app.core.http import PdfResponse, StrictRoute
from app.core.openapi import operation

router = APIRouter(prefix="/v1/agendas", tags=["agendas"], route_class=StrictRoute)

OfMeeting = Annotated[MeetingId, Path(examples=["state"])]


@router.get("", openapi_extra=operation(scope=Permission.AGENDAS_READ))
async def list_meetings(session: Session, principal: CurrentPrincipal, now: Now) -> MeetingList:
    """List the monthly meetings whose agenda the own office reads."""
    return await service.list_meetings(session, principal, now=now)


@router.get(
    "/{meeting}", openapi_extra=operation(AgendaNotFoundError, scope=Permission.AGENDAS_READ)
)
async def read_agenda(
    meeting: OfMeeting, session: Session, principal: CurrentPrincipal, now: Now
) -> AgendaRead:
    """Show what a meeting is to talk about: counts, lapsing commitments, ending agreements."""
    return await service.read_agenda(session, principal, meeting, now=now)


@router.get(
    "/{meeting}/agenda.pdf",
    response_class=PdfResponse,
    openapi_extra=operation(AgendaNotFoundError, scope=Permission.AGENDAS_READ),
)
async def print_agenda(
    meeting: OfMeeting, session: Session, principal: CurrentPrincipal, now: Now
) -> PdfResponse:
    """Print the agenda as a tagged PDF, the same for every office of the meeting."""
    return PdfResponse(await service.print_agenda(session, principal, meeting, now=now))
