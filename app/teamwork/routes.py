from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.errors import IdempotencyKeyReusedError
from app.accounts.idempotency import Once
from app.accounts.pages import RequestedPage
from app.core.deps import Now, Session
from app.core.http import PdfResponse, StrictRoute
from app.core.ids import parse_public_id
from app.core.openapi import operation
from app.core.paging import CursorError
from app.matters.errors import (
    MatterEndedError,
    MatterNotFoundError,
    WordsRefusedError,
)
from app.matters.routes import MatterKey
from app.teamwork import reading, service, statements
from app.teamwork.errors import (
    MemberLeftError,
    MemberNotFoundError,
    TaskDoneError,
    TaskNotFoundError,
)
from app.teamwork.schemas import (
    MemberAdd,
    MemberEnd,
    MemberId,
    MemberPage,
    MemberRead,
    NotePage,
    NoteRead,
    NoteWrite,
    StatementRead,
    TaskAdd,
    TaskFinish,
    TaskId,
    TaskPage,
    TaskRead,
)

router = APIRouter(prefix="/v1/matters/{matter_id}", tags=["teamwork"], route_class=StrictRoute)

_CHANGE = (MatterNotFoundError, MatterEndedError, IdempotencyKeyReusedError)

OnDay = Annotated[
    date | None,
    Query(description="The day to tell of; the whole time without it.", examples=["2026-06-01"]),
]


class CalendarResponse(Response):
    """Dates as a calendar file."""

    media_type = "text/calendar"


@router.get(
    "/members",
    openapi_extra=operation(MatterNotFoundError, CursorError, scope=Permission.HANDLING_READ),
)
async def list_members(
    matter_id: MatterKey,
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
    now: Now,
) -> MemberPage:
    """List the team, in the order in which it was joined."""
    found = await reading.list_members(
        session, principal, matter_id, after=page.id, limit=page.limit, now=now
    )
    return MemberPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.post(
    "/members",
    status_code=201,
    response_model=MemberRead,
    openapi_extra=operation(*_CHANGE, WordsRefusedError, scope=Permission.MATTERS_WORK),
)
async def add_member(
    matter_id: MatterKey,
    body: MemberAdd,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Put someone of the own office on the team."""
    return await once(lambda: service.add_member(session, principal, matter_id, body, now=now))


@router.post(
    "/members/{member_id}/ends",
    response_model=MemberRead,
    openapi_extra=operation(
        *(*_CHANGE, MemberNotFoundError, MemberLeftError, WordsRefusedError),
        scope=Permission.MATTERS_WORK,
    ),
)
async def end_member(
    matter_id: MatterKey,
    member_id: MemberId,
    body: MemberEnd,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Take someone of the own office off the team."""
    member = parse_public_id(reading.MEMBER, member_id)
    return await once(
        lambda: service.end_member(session, principal, matter_id, member, body.left_on, now=now)
    )


@router.get(
    "/tasks",
    openapi_extra=operation(MatterNotFoundError, CursorError, scope=Permission.HANDLING_READ),
)
async def list_tasks(
    matter_id: MatterKey,
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
    now: Now,
) -> TaskPage:
    """List the tasks, in the order in which they were entered."""
    found = await reading.list_tasks(
        session, principal, matter_id, after=page.id, limit=page.limit, now=now
    )
    return TaskPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.post(
    "/tasks",
    status_code=201,
    response_model=TaskRead,
    openapi_extra=operation(*_CHANGE, WordsRefusedError, scope=Permission.MATTERS_WORK),
)
async def add_task(
    matter_id: MatterKey,
    body: TaskAdd,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Give a party, or the own office, something to do by a day."""
    return await once(lambda: service.add_task(session, principal, matter_id, body, now=now))


@router.post(
    "/tasks/{task_id}/completions",
    response_model=TaskRead,
    openapi_extra=operation(
        *(*_CHANGE, TaskNotFoundError, TaskDoneError), scope=Permission.MATTERS_WORK
    ),
)
async def finish_task(
    matter_id: MatterKey,
    task_id: TaskId,
    body: TaskFinish,  # noqa: ARG001 -- each POST takes an object
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Say that a task of the own office is done."""
    task = parse_public_id(reading.TASK, task_id)
    return await once(lambda: service.finish_task(session, principal, matter_id, task, now=now))


@router.get(
    "/notes",
    openapi_extra=operation(MatterNotFoundError, CursorError, scope=Permission.HANDLING_READ),
)
async def list_notes(
    matter_id: MatterKey,
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
    now: Now,
) -> NotePage:
    """List the notes, newest first; each may be discoverable."""
    found = await reading.list_notes(
        session, principal, matter_id, before=page.id, limit=page.limit, now=now
    )
    return NotePage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.post(
    "/notes",
    status_code=201,
    response_model=NoteRead,
    openapi_extra=operation(*_CHANGE, WordsRefusedError, scope=Permission.MATTERS_WORK),
)
async def write_note(
    matter_id: MatterKey,
    body: NoteWrite,
    session: Session,
    principal: CurrentPrincipal,
    once: Once,
    now: Now,
) -> Response:
    """Write a short note that every party reads and that may be discoverable."""
    return await once(lambda: service.write_note(session, principal, matter_id, body, now=now))


@router.get(
    "/team-statement",
    openapi_extra=operation(MatterNotFoundError, scope=Permission.HANDLING_READ),
)
async def read_team_statement(
    matter_id: MatterKey,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
    on: OnDay = None,
) -> StatementRead:
    """Tell who was on the team when, for disclosure counsel."""
    return await statements.make_statement(session, principal, matter_id, on, now=now)


@router.get(
    "/team-statement.pdf",
    response_class=PdfResponse,
    openapi_extra=operation(MatterNotFoundError, scope=Permission.HANDLING_READ),
)
async def print_team_statement(
    matter_id: MatterKey, session: Session, principal: CurrentPrincipal, now: Now, on: OnDay = None
) -> PdfResponse:
    """Print who was on the team when as a tagged PDF, for disclosure counsel."""
    return PdfResponse(await statements.print_statement(session, principal, matter_id, on, now=now))


@router.get(
    "/calendar",
    response_class=CalendarResponse,
    openapi_extra=operation(MatterNotFoundError, scope=Permission.HANDLING_READ),
)
async def read_calendar(
    matter_id: MatterKey, session: Session, principal: CurrentPrincipal, now: Now
) -> CalendarResponse:
    """Give the dates of a matter as a calendar file (RFC 5545)."""
    return CalendarResponse(await statements.make_calendar(session, principal, matter_id, now=now))
