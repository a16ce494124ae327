from typing import Annotated

from fastapi import APIRouter, Query

from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.pages import RequestedPage
from app.cases.errors import CaseNotFoundError
from app.cases.vocabulary import ReadReason
from app.core.deps import Now, Session
from app.core.http import StrictRoute
from app.core.openapi import operation
from app.core.paging import CursorError
from app.oversight import readings, service
from app.oversight.schemas import (
    About,
    AuditPage,
    CaseGrantPage,
    CaseReadingPage,
    GrantsShown,
    KnownInstant,
)
from app.sharing.routes import CASE, Ref
from app.sharing.schemas import ReadingPage

router = APIRouter(prefix="/v1", tags=["sharing"], route_class=StrictRoute)


@router.get("/readings", openapi_extra=operation(CursorError, scope=Permission.OVERLAPS_READ))
async def list_readings_of_office(
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
    now: Now,
    reason: Annotated[
        ReadReason | None, Query(description="Only what was read for this.", examples=["plea"])
    ] = None,
) -> CaseReadingPage:
    """List which other offices read any of the own cases, when and what for, newest first."""
    found = await service.list_readings(
        session,
        principal,
        reason=reason,
        external_id=None,
        before=page.number,
        limit=page.limit,
        now=now,
    )
    return CaseReadingPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.get(
    CASE + "/readings",
    openapi_extra=operation(CaseNotFoundError, CursorError, scope=Permission.OVERLAPS_READ),
)
async def list_readings(
    ref: Ref, session: Session, principal: CurrentPrincipal, page: RequestedPage, now: Now
) -> ReadingPage:
    """List which other offices read one of the own cases, when and what for, newest first."""
    found = await readings.list_readings(
        session, principal, ref, before=page.number, limit=page.limit, now=now
    )
    return ReadingPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.get("/grants", openapi_extra=operation(CursorError, scope=Permission.GRANTS_READ))
async def list_grants_of_office(
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
    now: Now,
    shown: Annotated[
        GrantsShown, Query(description="Which of them.", examples=["in_force"])
    ] = "all",
) -> CaseGrantPage:
    """List what named offices were let see of any of the own cases, newest first."""
    found = await service.list_grants(
        session, principal, shown, before=page.number, limit=page.limit, now=now
    )
    return CaseGrantPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.get("/audit-entries", openapi_extra=operation(CursorError, scope=Permission.AUDIT_READ))
async def list_audit_entries(
    session: Session,
    principal: CurrentPrincipal,
    page: RequestedPage,
    about: Annotated[
        About, Query(description="What the acts are about; empty: anything.", examples=["people"])
    ] = "",
    since: Annotated[
        KnownInstant | None,
        Query(description="The earliest, with its offset.", examples=["2026-03-01T00:00:00Z"]),
    ] = None,
    until: Annotated[
        KnownInstant | None,
        Query(description="Only those before.", examples=["2026-04-01T00:00:00Z"]),
    ] = None,
) -> AuditPage:
    """List the audit of the caller's office, newest first; that it is read is in it, too."""
    found = await service.list_entries(
        session, principal, about, since=since, until=until, before=page.number, limit=page.limit
    )
    return AuditPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )
