"""What an office looks back at: who read its cases, what it showed to whom, alarms, its audit."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from app.access.permissions import Permission
from app.accounts.pages import Page
from app.alarms import service as alarms
from app.cases.vocabulary import ReadReason
from app.core.deps import Session
from app.oversight import service as oversight
from app.oversight.schemas import About, CaseReadingRead, GrantsShown, KnownDay
from app.people import directory
from app.web.deps import Cursor, Reading, page
from app.web.pages import PageRoute, Visit

router = APIRouter(route_class=PageRoute)
PER_PAGE: Final = 25
CaseNumber = Annotated[str, Query(max_length=64)]
Day = Annotated[KnownDay | Literal[""], Query()]
"""A form sends a field that was left empty too."""


def _filters(**given: object) -> str:
    return urlencode({name: value for name, value in given.items() if value})


@router.get("/readings", **page(Permission.OVERLAPS_READ))
async def show_readings(
    visit: Reading,
    session: Session,
    response: Response,
    reason: ReadReason | Literal[""] = "",
    case: CaseNumber = "",
    cursor: Cursor = None,
) -> Response:
    """Show which other offices read any of the office's cases, when and what for."""
    listing = partial(oversight.list_readings, session, visit.principal, now=visit.now)
    return await _readings(visit, response, reason, case, cursor, listing)


@router.get("/audit/readings", **page(Permission.AUDIT_READ))
async def show_audited_readings(
    visit: Reading,
    session: Session,
    response: Response,
    reason: ReadReason | Literal[""] = "",
    case: CaseNumber = "",
    cursor: Cursor = None,
) -> Response:
    """Show the auditor the same, without the way to overlaps and cases."""
    listing = partial(oversight.list_readings_for_audit, session, visit.principal)
    return await _readings(visit, response, reason, case, cursor, listing)


async def _readings(
    visit: Visit,
    response: Response,
    reason: ReadReason | Literal[""],
    case: str,
    cursor: str | None,
    listing: Callable[..., Awaitable[list[tuple[int, CaseReadingRead]]]],
) -> Response:
    """Show the page of what is listed that the reader asked for."""
    filters = _filters(reason=reason, case=case)
    wanted = visit.list_page(response, cursor, PER_PAGE, filters)
    found = await listing(
        reason=reason or None,
        external_id=case.strip() or None,
        before=wanted.number,
        limit=PER_PAGE,
    )
    return visit.page(
        "oversight/readings.html",
        readings=[read for _, read in found],
        names={read.office: read.office_name for _, read in found},
        next_cursor=wanted.end([key for key, _ in found]),
        is_first=cursor is None,
        filters=filters,
        form={"reason": reason, "case": case},
    )


@router.get("/alarms", **page(Permission.ALARMS_READ))
async def show_alarms(
    visit: Reading, session: Session, response: Response, cursor: Cursor = None
) -> Response:
    """Show what in the office's use of the registry somebody should look at."""
    wanted = visit.list_page(response, cursor, PER_PAGE, "")
    found = await alarms.list_alarms(session, visit.principal, before=wanted.number, limit=PER_PAGE)
    return visit.page(
        "oversight/alarms.html",
        alarms=[read for _, read in found],
        next_cursor=wanted.end([key for key, _ in found]),
        is_first=cursor is None,
    )


@router.get("/grants", **page(Permission.GRANTS_READ))
async def show_grants(
    visit: Reading,
    session: Session,
    response: Response,
    shown: GrantsShown = "all",
    cursor: Cursor = None,
) -> Response:
    """Show what named offices were let see of any of the office's cases, and what for."""
    filters = _filters(shown=shown if shown != "all" else "")
    wanted = visit.list_page(response, cursor, PER_PAGE, filters)
    found = await oversight.list_grants(
        session, visit.principal, shown, before=wanted.number, limit=PER_PAGE, now=visit.now
    )
    return visit.page(
        "oversight/grants.html",
        grants=[read for _, read in found],
        next_cursor=wanted.end([key for key, _ in found]),
        is_first=cursor is None,
        filters=filters,
        shown=shown,
        people=await directory.list_colleagues(session, visit.principal),
    )


@router.get("/audit", **page(Permission.AUDIT_READ))
async def show_audit(
    visit: Reading,
    session: Session,
    response: Response,
    about: About = "",
    since: Day = "",
    until: Day = "",
    cursor: Cursor = None,
) -> Response:
    """Show the auditor what the office's people and machines did, and when."""
    filters = _filters(about=about, since=since, until=until)
    wanted = visit.list_page(response, cursor, PER_PAGE, filters)
    found = await oversight.list_entries(
        session,
        visit.principal,
        about,
        since=_midnight(since, visit),
        until=_midnight(until and until + timedelta(days=1), visit),
        before=wanted.number,
        limit=PER_PAGE,
    )
    return visit.page(
        "oversight/audit.html",
        entries=[
            (read, _shown(visit).end([key]) if read.action == "overlaps.disclosed" else None)
            for key, read in found
        ],
        next_cursor=wanted.end([key for key, _ in found]),
        is_first=cursor is None,
        filters=filters,
        form={"about": about, "since": str(since), "until": str(until)},
    )


@router.get("/audit/shown", **page(Permission.AUDIT_READ))
async def show_shown(
    visit: Reading,
    session: Session,
    response: Response,
    of: Annotated[str, Query(max_length=200)],
    cursor: Cursor = None,
) -> Response:
    """Show the auditor which overlaps somebody was shown, by a line of the audit."""
    entry = _shown(visit, of).number
    assert entry is not None  # noqa: S101 -- only without a cursor is it None
    filters = _filters(of=of)
    wanted = visit.list_page(response, cursor, PER_PAGE, filters)
    found = await oversight.list_shown(
        session, visit.principal, entry, after=wanted.id, limit=PER_PAGE
    )
    return visit.page(
        "oversight/shown.html",
        shown=[read for _, read in found],
        next_cursor=wanted.end([key for key, _ in found]),
        is_first=cursor is None,
        filters=filters,
    )


def _shown(visit: Visit, of: str | None = None) -> Page:
    """Return what names an entry in an address: its number tells how much all offices do."""
    pager = visit.request.app.state.pager
    return Page(1, of, "/audit/shown", visit.signed.office_id, pager, Response())


def _midnight(day: date | Literal[""], visit: Visit) -> datetime | None:
    """Return when a day begins in the office's zone."""
    return datetime.combine(day, time.min, visit.zone) if day else None
