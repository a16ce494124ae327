"""Matters: which there are, who works on one, what is to be done, and who leads."""

from typing import Any, Final, Literal, get_args
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import APIRouter, Response

from app.access.permissions import Permission
from app.core.deps import Session
from app.handling import reading
from app.matters import origin, service
from app.matters.routes import MatterKey
from app.matters.schemas import MatterRead, Part, State
from app.teamwork import reading as teamwork
from app.teamwork.schemas import NoteKind, Post, TaskKind
from app.web import handling_words
from app.web.deps import Cursor, Note, Reading, page
from app.web.handling_routes import PER_PAGE
from app.web.pages import PageRoute, Visit

router = APIRouter(route_class=PageRoute)
OF_MATTER: Final = 100
"""Members, tasks and notes that the page of a matter shows; the API and the papers have all."""
_FILTERS: Final = (
    ("state", "Status", (("", "All"), ("open", "In force"), ("ended", "Ended"))),
    (
        "role",
        "Your office",
        (("", "Leads or takes part"), ("lead", "Leads"), ("party", "Takes part")),
    ),
)


@router.get("/matters", **page(Permission.HANDLING_READ))
async def show_matters(
    visit: Reading,
    session: Session,
    response: Response,
    cursor: Cursor = None,
    state: State | Literal[""] = "",
    role: Part | Literal[""] = "",
) -> Response:
    """Show the matters that the office is a party of."""
    asked = {name: value for name, value in (("state", state), ("role", role)) if value}
    wanted = visit.list_page(response, cursor, PER_PAGE, urlencode(asked))
    found = await service.list_matters(
        session,
        visit.principal,
        state=state or None,
        part=role or None,
        before=wanted.id,
        limit=PER_PAGE,
        now=visit.now,
    )
    return visit.page(
        "matters/matters.html",
        matters=[read for _, read in found],
        filters=_FILTERS,
        asked=asked,
        asked_for=urlencode(asked),
        next_cursor=wanted.end([key for key, _ in found]),
        is_first=cursor is None,
    )


@router.get("/matters/{matter_id}", **page(Permission.HANDLING_READ))
async def show_matter(
    matter_id: MatterKey,
    visit: Reading,
    session: Session,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show a matter: its offices, lead, team, tasks, notes and papers."""
    return await show(visit, session, matter_id, {})


@router.get("/matters/{matter_id}/origin", **page(Permission.HANDLING_READ))
async def show_origin(matter_id: MatterKey, visit: Reading, session: Session) -> Response:
    """Show what came to the office from the registry, for disclosure counsel."""
    ledger = await origin.read_origin(session, visit.principal, matter_id, now=visit.now)
    return visit.page("matters/origin.html", ledger=ledger)


async def show(
    visit: Visit, session: Session, key: Any, errors: dict[str, str], status: int = 200
) -> Response:
    """Return the page of a matter; with `errors` after a form that was not right."""
    who, now, most = visit.principal, visit.now, OF_MATTER
    matter = await service.read_matter(session, who, key, now=now)
    export = await reading.export_agreement(session, who, key, now=now)
    members = await teamwork.list_members(session, who, key, after=None, limit=most, now=now)
    tasks = await teamwork.list_tasks(session, who, key, after=None, limit=most, now=now)
    notes = await teamwork.list_notes(session, who, key, before=None, limit=most, now=now)
    own = next(each for each in matter.parties if each.code == visit.signed.office)
    is_open = matter.ended_at is None and own.left_at is None
    first = own.joined_at.date() if own.joined_at else matter.began_on  # which is a day in UTC
    today = max(visit.today, first)
    return visit.page(
        "matters/matter.html",
        status=status,
        matter=matter,
        instruments=export.instruments,
        members=[read for _, read in members],
        tasks=[read for _, read in tasks],
        notes=[read for _, read in notes],
        is_team_cut=len(members) == most,
        is_list_cut=len(tasks) == most,
        is_notebook_cut=len(notes) == most,
        may_work=is_open and visit.may(Permission.MATTERS_WORK),
        may_sign=is_open and visit.may(Permission.HANDLING_SIGN),
        is_proved=visit.is_proved(),
        **_choices(matter, own.code),
        today=today,
        form={"joined_on": today.isoformat(), **visit.form},
        errors=errors,
        key=uuid4().hex,
    )


def _choices(matter: MatterRead, own: str) -> dict[str, Any]:
    """Return what the forms of a matter offer to choose from."""
    present = [each for each in matter.parties if each.left_at is None]
    offered = (each for each in matter.leads if each.accepted_at is None)
    return {
        "present": [(each.code, each.name) for each in present],
        "heirs": [
            (each.code, each.name)
            for each in present
            if matter.is_lead and each.code != own and each.leaves_on is None
        ],
        "offer": next((each for each in offered if each.office.code == own), None),
        "posts": _worded(Post),
        "task_kinds": _worded(TaskKind),
        "note_kinds": _worded(NoteKind),
    }


def _worded(coded: Any) -> list[tuple[str, str]]:
    return [(code, handling_words.plain(code)) for code in get_args(get_args(coded)[0] or coded)]
