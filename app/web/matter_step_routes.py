"""Forms of a matter: people, tasks, notes, and the lead that is handed over."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Response

from app.access.permissions import Permission
from app.access.principal import Principal
from app.cases.guard import find_identifiers
from app.core.deps import Session
from app.core.ids import parse_public_id
from app.core.schemas import Sent
from app.matters import leads
from app.matters.queries import PREFIX as MATTER
from app.matters.schemas import LeadOffer, LeadTake, MatterId, OfferId
from app.matters.service import OFFER
from app.teamwork import service
from app.teamwork.reading import MEMBER, TASK
from app.teamwork.schemas import (
    MemberAdd,
    MemberEnd,
    MemberId,
    NoteWrite,
    TaskAdd,
    TaskFinish,
    TaskId,
)
from app.web import forms, refusals
from app.web.deps import Changing, page
from app.web.matter_routes import show
from app.web.once import attempt
from app.web.pages import PageRoute, Visit

router = APIRouter(route_class=PageRoute)
_FIELDS: Final[Mapping[type[Sent], Mapping[str, str]]] = {
    MemberAdd: {"name": "name", "post": "post", "joined_on": "joined_on"},
    TaskAdd: {
        "task_office": "office",
        "task_kind": "kind",
        "due_on": "due_on",
        "task_note": "note",
    },
    NoteWrite: {"note_kind": "kind", "text": "text", "asks_disclosure": "asks_disclosure"},
    LeadOffer: {"lead_office": "office"},
    LeadTake: {"from_office": "from_office"},
    MemberEnd: {"left_on": "left_on"},
    TaskFinish: {},
}
"""Fields of the page, each with the name that its schema has for it."""
_WORDS: Final = ("name", "task_note", "text")
_NO_WORDS: Final = "Write it without names of subjects, numbers or addresses."


def _read(visit: Visit, schema: type[forms.Schema]) -> tuple[forms.Schema | None, dict[str, str]]:
    """Return what a form of the page sent, or None and what to do by field of the page."""
    names = _FIELDS[schema]  # type: ignore[index]  # one of these
    sent = {name: visit.form[field] for field, name in names.items() if field in visit.form}
    body, wrong = forms.read(schema, sent)
    errors = {field: wrong[name] for field, name in names.items() if name in wrong}
    for field in names:
        if field in _WORDS and find_identifiers(visit.form.get(field, "")):
            errors[field] = _NO_WORDS
    return (None if errors else body), errors


async def _post(
    visit: Visit,
    session: Session,
    matter_id: str,
    permission: Permission,
    schema: type[forms.Schema],
    act: Callable[..., Awaitable[Any]],
) -> Response:
    """Read a form of the page and do it once, or show the page again with what is wrong.

    `act` is called with the session, who acts, the matter's key and what the form says.
    """
    visit.principal.require(permission)
    key = parse_public_id(MATTER, matter_id)
    body, errors = _read(visit, schema)
    if body is None:
        return await show(visit, session, key, errors, 422)
    _, refused = await attempt(
        session,
        visit,
        permission,
        lambda: act(session, visit.principal, key, body, now=visit.now),
    )
    if refused is None:
        return visit.redirect(f"/matters/{matter_id}", "kept")
    at_form = {name: field for field, name in _FIELDS[schema].items()}  # type: ignore[index]  # as above
    errors = {at_form.get(name, ""): text for name, text in refusals.at_form(refused).items()}
    return await show(visit, session, key, errors, refused.status)


@router.post("/matters/{matter_id}/members", **page(Permission.MATTERS_WORK))
async def add_member(matter_id: MatterId, visit: Changing, session: Session) -> Response:
    """Put somebody of the own office on the team."""
    permission = Permission.MATTERS_WORK
    return await _post(visit, session, matter_id, permission, MemberAdd, service.add_member)


@router.post("/matters/{matter_id}/members/{member_id}/ends", **page(Permission.MATTERS_WORK))
async def end_member(
    matter_id: MatterId, member_id: MemberId, visit: Changing, session: Session
) -> Response:
    """Take somebody of the own office off the team."""
    member = parse_public_id(MEMBER, member_id)

    async def act(session: Session, who: Principal, key: Any, body: MemberEnd, **now: Any) -> Any:
        return await service.end_member(session, who, key, member, body.left_on, **now)

    return await _post(visit, session, matter_id, Permission.MATTERS_WORK, MemberEnd, act)


@router.post("/matters/{matter_id}/tasks", **page(Permission.MATTERS_WORK))
async def add_task(matter_id: MatterId, visit: Changing, session: Session) -> Response:
    """Give a party something to do by a day."""
    permission = Permission.MATTERS_WORK
    return await _post(visit, session, matter_id, permission, TaskAdd, service.add_task)


@router.post("/matters/{matter_id}/tasks/{task_id}/completions", **page(Permission.MATTERS_WORK))
async def finish_task(
    matter_id: MatterId, task_id: TaskId, visit: Changing, session: Session
) -> Response:
    """Say that a task of the own office is done."""
    task = parse_public_id(TASK, task_id)

    async def act(session: Session, who: Principal, key: Any, _: TaskFinish, **now: Any) -> Any:
        return await service.finish_task(session, who, key, task, **now)

    return await _post(visit, session, matter_id, Permission.MATTERS_WORK, TaskFinish, act)


@router.post("/matters/{matter_id}/notes", **page(Permission.MATTERS_WORK))
async def write_note(matter_id: MatterId, visit: Changing, session: Session) -> Response:
    """Write a note that every party reads."""
    permission = Permission.MATTERS_WORK
    return await _post(visit, session, matter_id, permission, NoteWrite, service.write_note)


@router.post("/matters/{matter_id}/lead-offers", **page(Permission.HANDLING_SIGN))
async def offer_lead(matter_id: MatterId, visit: Changing, session: Session) -> Response:
    """Offer the lead to another party."""

    async def act(session: Session, who: Principal, key: Any, body: LeadOffer, **now: Any) -> Any:
        return await leads.offer_lead(session, who, key, body.office, **now)

    return await _post(visit, session, matter_id, Permission.HANDLING_SIGN, LeadOffer, act)


@router.post(
    "/matters/{matter_id}/lead-offers/{offer_id}/acceptances", **page(Permission.HANDLING_SIGN)
)
async def accept_lead(
    matter_id: MatterId, offer_id: OfferId, visit: Changing, session: Session
) -> Response:
    """Take the lead that was offered."""
    offer = parse_public_id(OFFER, offer_id)

    async def act(session: Session, who: Principal, key: Any, body: LeadTake, **now: Any) -> Any:
        return await leads.accept_lead(session, who, key, offer, body.from_office, **now)

    return await _post(visit, session, matter_id, Permission.HANDLING_SIGN, LeadTake, act)
