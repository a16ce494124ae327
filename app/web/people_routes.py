"""The people of an office: inviting them, their roles, and what is done about their accounts."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from fastapi import APIRouter, Response

from app.access.permissions import Permission
from app.accounts import review
from app.core.deps import Session
from app.core.errors import NotFoundError
from app.people import administration, directory, provider_setting
from app.people.admin_schemas import EnrolmentRead, PersonAdd, RolesSet
from app.people.deps import COOKIE, CurrentGate, drop
from app.people.errors import PersonExistsError, PersonNotFoundError, ProviderNotFoundError
from app.people.gate import Gate
from app.people.schemas import PersonId
from app.web import forms, people_words
from app.web.deps import Changing, Note, Reading, page
from app.web.pages import PageRoute, Visit, redirect

router = APIRouter(route_class=PageRoute)
_MANAGE: Final = page(Permission.PEOPLE_MANAGE)
_REVIEW: Final = page(Permission.PEOPLE_REVIEW)
_TAKEN: Final = "Somebody has, or had, this account. Names are never used again."
_NO_PROVIDER: Final = "Your office has no identity provider."


@router.get("/people", **_MANAGE)
async def show_people(
    visit: Reading,
    session: Session,
    gate: CurrentGate,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show who is in the office, what each may do, and whose account needs something."""
    people = await directory.list_people(session, visit.principal, gate)
    return visit.page("people/people.html", people=people)


@router.get("/people/new", **_MANAGE)
async def show_new_person(visit: Reading, session: Session) -> Response:
    """Show the form that invites somebody."""
    visit.principal.require(Permission.PEOPLE_MANAGE)
    return await _new_person(visit, session, {})


async def _new_person(
    visit: Visit, session: Session, errors: dict[str, str], status: int = 200
) -> Response:
    return visit.page(
        "people/new.html",
        status=status,
        provider=await provider_setting.read_provider(session, visit.principal),
        form=visit.form,
        errors=errors,
    )


@router.post("/people/new", **_MANAGE)
async def add_person(visit: Changing, session: Session) -> Response:
    """Add somebody and show the one-time code, this once."""
    visit.principal.require(Permission.PEOPLE_MANAGE)
    sent = forms.only(visit.form, "account", "name", "subject") | {"roles": _roles(visit)}
    sent["account"] = str(sent.get("account", "")).lower()
    body, errors = forms.read(PersonAdd, sent)
    if body is None:
        return await _new_person(visit, session, errors, 422)
    try:
        made = await administration.add_person(
            session, visit.principal, visit.signed.office_id, body, now=visit.now
        )
    except PersonExistsError:  # nothing was stored yet, here and below
        return await _new_person(visit, session, {"account": _TAKEN}, 409)
    except ProviderNotFoundError:
        return await _new_person(visit, session, {"subject": _NO_PROVIDER}, 422)
    return _code(visit, body.name, made)


def _roles(visit: Visit) -> list[str]:
    return [role for role in people_words.ROLES if f"role-{role}" in visit.form]


def _code(visit: Visit, name: str, made: EnrolmentRead) -> Response:
    return visit.page("people/code.html", name=name, made=made)


@router.get("/people/sign-ins", **_MANAGE)
async def show_end_sign_ins(visit: Reading) -> Response:
    """Ask whether every sign-in of the office is to end."""
    visit.principal.require(Permission.PEOPLE_MANAGE)
    return visit.page("people/sign_ins.html")


@router.post("/people/sign-ins", **_MANAGE)
async def end_sign_ins(visit: Changing, session: Session) -> Response:
    """End every sign-in of the office, the administrator's included."""
    await administration.end_sign_ins(
        session, visit.principal, visit.signed.office_id, now=visit.now
    )
    answer = redirect("/sign-in?note=all-signed-out")
    drop(answer, COOKIE)
    return answer


@router.get("/people/{person_id}", **_MANAGE)
async def show_person(
    person_id: PersonId,
    visit: Reading,
    session: Session,
    gate: CurrentGate,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show one person's roles and what can be done about the account."""
    return await _person(visit, session, gate, person_id, {})


async def _person(
    visit: Visit, session: Session, gate: Gate, person_id: str, errors: dict[str, str]
) -> Response:
    person = await directory.read_person(session, visit.principal, gate, person_id)
    return visit.page(
        "people/person.html",
        status=422 if errors else 200,
        person=person,
        acts=people_words.acts(person),
        errors=errors,
    )


@router.post("/people/{person_id}/roles", **_MANAGE)
async def set_roles(
    person_id: PersonId, visit: Changing, session: Session, gate: CurrentGate
) -> Response:
    """Give a person the roles that were chosen and no others; its sign-ins end."""
    body, errors = forms.read(RolesSet, {"roles": _roles(visit)})
    if body is None:
        return await _person(visit, session, gate, person_id, {"roles": errors["roles"]})
    await administration.set_roles(
        session, visit.principal, visit.signed.office_id, person_id, body.roles, now=visit.now
    )
    return visit.redirect(f"/people/{person_id}", "roles-set")


@router.get("/people/{person_id}/{act}", **_MANAGE)
async def show_act(
    person_id: PersonId, act: str, visit: Reading, session: Session, gate: CurrentGate
) -> Response:
    """Ask whether that is to be done with the account."""
    person = await directory.read_person(session, visit.principal, gate, person_id)
    if act not in people_words.acts(person):
        raise PersonNotFoundError
    return visit.page("people/act.html", person=person, act=act, words_of=people_words.ACTS[act])


@router.post("/people/{person_id}/{act}", **_MANAGE)
async def do_act(
    person_id: PersonId, act: str, visit: Changing, session: Session, gate: CurrentGate
) -> Response:
    """Do it; where a new one-time code comes of it, show that, this once."""
    visit.principal.require(Permission.PEOPLE_MANAGE)
    who, office, now = visit.principal, visit.signed.office_id, visit.now
    if act in {"code", "reset"}:
        person = await directory.read_person(session, who, gate, person_id)
        made = await administration.start_enrolment(
            session, who, office, person_id, forget_factors=act == "reset", now=now
        )
        return _code(visit, person.read.name, made)
    acts: dict[str, Callable[[], Awaitable[Any]]] = {
        "suspend": lambda: administration.set_disabled(
            session, who, office, person_id, is_disabled=True, now=now
        ),
        "resume": lambda: administration.set_disabled(
            session, who, office, person_id, is_disabled=False, now=now
        ),
        "release": lambda: administration.release(session, who, gate, office, person_id, now=now),
        "sign-out": lambda: administration.end_sign_ins(session, who, office, person_id, now=now),
    }
    if act not in acts:
        raise NotFoundError
    await acts[act]()
    return visit.redirect(f"/people/{person_id}", "account-changed")


@router.get("/access-review", **_REVIEW)
async def show_access_review(visit: Reading, session: Session) -> Response:
    """Tell when the yearly review is due, and offer to make it."""
    reviewed_at, due_at = await review.read_due(session, visit.principal)
    soon = visit.now + timedelta(days=30)
    return visit.page(
        "people/review.html", reviewed_at=reviewed_at, due_at=due_at, soon=soon, review=None
    )


@router.post("/access-review", **_REVIEW)
async def make_access_review(visit: Changing, session: Session) -> Response:
    """Show who and what has which access; that it was reviewed is on record."""
    made = await review.review_access(
        session, visit.principal, visit.signed.office_id, now=visit.now
    )
    return visit.page("people/review.html", review=made)
