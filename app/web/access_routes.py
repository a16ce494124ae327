"""Who may see one case: its grants, its walls, and why an office can or cannot see it."""

from datetime import date, datetime, time, timedelta
from typing import Any, Final

from fastapi import APIRouter, Response

from app.access.permissions import Permission
from app.core.deps import Session
from app.core.errors import InvalidError
from app.core.ids import parse_public_id
from app.offices.errors import OfficeNotFoundError
from app.offices.queries import list_names
from app.oversight import readings
from app.people import directory
from app.people.service import PREFIX as PERSON
from app.sharing import audience, lines, register, walls
from app.sharing.routes import CASE, Ref
from app.sharing.schemas import GrantApprove, GrantId, GrantMake, WallId, WallSet
from app.web import forms
from app.web.deps import Changing, Cursor, Note, OfficeGiven, Reading, page
from app.web.pages import PageRoute, Visit

router = APIRouter(route_class=PageRoute)
PER_PAGE: Final = 25
MOST_WALLS: Final = 100
_EXPLAINED: Final = "Choose an office, or type its code."


def _path(ref: tuple[str, str]) -> str:
    return f"/cases/{'/'.join(ref)}/access"


@router.get(CASE + "/access", **page(Permission.GRANTS_READ))
async def show_access(
    ref: Ref,
    visit: Reading,
    session: Session,
    response: Response,
    office: OfficeGiven = "",
    cursor: Cursor = None,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show what named offices were let see of a case, whom a conflict keeps out, and why."""
    wanted = visit.list_page(response, cursor, PER_PAGE, "")
    return await _access(visit, session, ref, {}, wanted=wanted, office=office)


async def _access(
    visit: Visit,
    session: Session,
    ref: tuple[str, str],
    errors: dict[str, str],
    *,
    wanted: Any = None,
    office: str = "",
) -> Response:
    who, now = visit.principal, visit.now
    found = await register.list_grants(
        session, who, ref, before=wanted and wanted.number, limit=PER_PAGE, now=now
    )
    kept_out, explained = [], None
    if visit.may(Permission.WALLS_SET):
        found_walls = await walls.list_walls(session, who, ref, after=None, limit=MOST_WALLS + 1)
        kept_out = [read for _, read in found_walls]
    if office:
        try:
            explained = await audience.explain_access(session, who, ref, office.upper(), now=now)
        except OfficeNotFoundError:
            errors = {**errors, "office": _EXPLAINED}
    people = await directory.list_colleagues(session, who)
    told = [each.office for _, each in found] + [each.office for each in kept_out]
    return visit.page(
        "access/case.html",
        status=422 if errors else 200,
        ref=ref,
        path=_path(ref),
        grants=[read for _, read in found],
        next_cursor=wanted and wanted.end([key for key, _ in found]),
        is_first=wanted is None or wanted.number is None,
        walls=kept_out[:MOST_WALLS],
        has_more_walls=len(kept_out) > MOST_WALLS,
        people=people,
        persons=[each for each in people.items() if each[0].startswith(PERSON)],
        names=await list_names(session, [*told, office.upper()]) if explained or told else {},
        explained=explained,
        asked_office=office,
        errors=errors,
        form=visit.form,
    )


@router.post(CASE + "/grants", **page(Permission.GRANTS_GIVE))
async def make_grant(ref: Ref, visit: Changing, session: Session) -> Response:
    """Let a named office see the case; the same grant again is the same one."""
    sent = forms.only(visit.form, "rung", "purpose")
    sent["office"] = visit.form.get("grantee", "").upper()
    sent["expires_at"] = _end(visit.form.get("expires_at", ""), visit)
    body, errors = forms.read(GrantMake, sent)
    if body is not None:
        try:
            made = await register.make_grant(session, visit.principal, ref, body, now=visit.now)
            note = "grant-waits" if made.state == "pending" else "grant-made"
            return visit.redirect(_path(ref), note)
        except InvalidError as error:
            errors = forms.refused(error)  # nothing was stored yet
    renamed = {"grantee" if name == "office" else name: said for name, said in errors.items()}
    return await _access(visit, session, ref, renamed)


def _end(day: str, visit: Visit) -> datetime | None:
    """Return the end of a day in the office's zone, None if it is none."""
    try:
        after = date.fromisoformat(day) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    return datetime.combine(after, time.min, visit.zone)


@router.get(CASE + "/grants/{grant_id}", **page(Permission.GRANTS_READ))
async def show_grant(ref: Ref, grant_id: GrantId, visit: Reading, session: Session) -> Response:
    """Show one grant whole, before it is approved or withdrawn."""
    key = parse_public_id(lines.PREFIX, grant_id)
    grant = await register.read_grant(session, visit.principal, ref, key, now=visit.now)
    return visit.page(
        "access/grant.html",
        ref=ref,
        path=_path(ref),
        grant=grant,
        to=(await list_names(session, [grant.office])).get(grant.office or ""),
        people=await directory.list_colleagues(session, visit.principal),
    )


@router.post(CASE + "/grants/{grant_id}/approval", **page(Permission.GRANTS_APPROVE))
async def approve_grant(ref: Ref, grant_id: GrantId, visit: Changing, session: Session) -> Response:
    """Put a grant in force as the second person, exactly as it was read."""
    asked, _ = forms.read(GrantApprove, forms.only(visit.form, "digest"))
    digest = asked.digest if asked else ""
    key = parse_public_id(lines.PREFIX, grant_id)
    await register.approve_grant(session, visit.principal, ref, key, digest, now=visit.now)
    return visit.redirect(_path(ref), "grant-approved")


@router.post(CASE + "/grants/{grant_id}/withdrawal", **page(Permission.GRANTS_GIVE))
async def withdraw_grant(
    ref: Ref, grant_id: GrantId, visit: Changing, session: Session
) -> Response:
    """End a grant; it counts from the next request on."""
    key = parse_public_id(lines.PREFIX, grant_id)
    await register.withdraw_grant(session, visit.principal, ref, key, now=visit.now)
    return visit.redirect(_path(ref), "grant-withdrawn")


@router.post(CASE + "/walls", **page(Permission.WALLS_SET))
async def set_wall(ref: Ref, visit: Changing, session: Session) -> Response:
    """Keep an office, or a person of one's own, from the case."""
    sent = forms.only(visit.form, "person")
    if "kept_out" in visit.form:
        sent["office"] = visit.form["kept_out"].upper()
    body, errors = forms.read(WallSet, sent)
    if body is not None:
        try:
            await walls.set_wall(session, visit.principal, ref, body, now=visit.now)
            return visit.redirect(_path(ref), "wall-set")
        except InvalidError as error:
            errors = forms.refused(error)  # nothing was stored yet
    renamed = {"kept_out" if name != "person" else name: said for name, said in errors.items()}
    return await _access(visit, session, ref, renamed)


@router.get(CASE + "/walls/{wall_id}", **page(Permission.WALLS_LIFT))
async def show_wall(ref: Ref, wall_id: WallId, visit: Reading, session: Session) -> Response:
    """Ask whether a wall is to be lifted."""
    visit.principal.require(Permission.WALLS_LIFT)
    key = parse_public_id(walls.PREFIX, wall_id)
    wall = await walls.read_wall(session, visit.principal, ref, key)
    return visit.page(
        "access/wall.html",
        ref=ref,
        path=_path(ref),
        wall=wall,
        people=await directory.list_colleagues(session, visit.principal),
        names=await list_names(session, [wall.office]),
    )


@router.post(CASE + "/walls/{wall_id}/lift", **page(Permission.WALLS_LIFT))
async def lift_wall(ref: Ref, wall_id: WallId, visit: Changing, session: Session) -> Response:
    """Ask that a wall be lifted; when another person asked within a day, lift it."""
    key = parse_public_id(walls.PREFIX, wall_id)
    wall = await walls.lift_wall(session, visit.principal, ref, key, now=visit.now)
    return visit.redirect(_path(ref), "wall-lifted" if wall.lifted_at else "wall-lift-asked")


@router.get(CASE + "/readings", **page(Permission.OVERLAPS_READ))
async def show_readings(
    ref: Ref, visit: Reading, session: Session, response: Response, cursor: Cursor = None
) -> Response:
    """Show which other offices read a case, when and what for."""
    wanted = visit.list_page(response, cursor, PER_PAGE, "")
    found = await readings.list_readings(
        session, visit.principal, ref, before=wanted.number, limit=PER_PAGE, now=visit.now
    )
    return visit.page(
        "access/readings.html",
        ref=ref,
        path=f"/cases/{'/'.join(ref)}/readings",
        readings=[read for _, read in found],
        names=await list_names(session, [read.office for _, read in found]),
        next_cursor=wanted.end([key for key, _ in found]),
        is_first=cursor is None,
    )
