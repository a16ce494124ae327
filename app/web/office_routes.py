"""How the office stands: contacts, commitments, agreement, provider, allowances; the others."""

from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from app.access.permissions import Permission
from app.core.deps import Session
from app.defendants import service as defendants
from app.defendants.schemas import FeedChoicePut
from app.offices import own
from app.offices import service as offices
from app.offices.schemas import (
    CommitmentSign,
    ContactRole,
    Named,
    OfficeFilter,
    OfState,
    OwnContactSet,
)
from app.people import provider_setting
from app.proposals import service as proposals
from app.quotas import service as quotas
from app.reference.counties import STATES
from app.web import forms
from app.web.deps import Changing, Cursor, Note, Reading, page
from app.web.pages import PageRoute, Visit

router = APIRouter(route_class=PageRoute)
PER_PAGE: Final = 25
_LASTS: Final = timedelta(days=365)


@router.get("/office", **page(Permission.OFFICES_READ))
async def show_office(
    visit: Reading,
    session: Session,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show whom others reach, what the leadership stands for, and what was signed."""
    standing = await own.read_standing(session, visit.principal, now=visit.now)
    today = visit.now.date()
    waiting = await proposals.list_waiting(session, visit.principal, now=visit.now)
    return visit.page(
        "office/office.html",
        waiting={
            each.proposal.change["action"]: each.proposal.expires_at
            for each in waiting
            if not each.is_ended
        },
        standing=standing,
        office=standing.read,
        provider=await provider_setting.read_provider(session, visit.principal),
        today=today,
        soon=today + own.LAPSES_SOON,
    )


@router.get("/office/contacts/{role}", **page(Permission.CONTACTS_SET))
async def show_contact(role: ContactRole, visit: Reading, session: Session) -> Response:
    """Show the form of one of the office's contacts, filled with the one that stands."""
    visit.principal.require(Permission.CONTACTS_SET)
    standing = await own.read_standing(session, visit.principal, now=visit.now)
    found = (each.model_dump() for each in standing.read.contacts if each.role == role)
    return _contact(visit, role, next(found, {}), {})


def _contact(visit: Visit, role: str, form: dict[str, str], errors: dict[str, str]) -> Response:
    status = 422 if errors else 200
    return visit.page("office/contact.html", status=status, role=role, form=form, errors=errors)


@router.post("/office/contacts/{role}", **page(Permission.CONTACTS_SET))
async def set_contact(role: ContactRole, visit: Changing, session: Session) -> Response:
    """Say whom to reach at the office."""
    visit.principal.require(Permission.CONTACTS_SET)
    sent = forms.only(visit.form, "title", "phone", "email")
    body, errors = forms.read(OwnContactSet, {**sent, "role": role})
    if body is None:
        return _contact(visit, role, visit.form, errors)
    await own.set_own_contact(session, visit.principal, body, now=visit.now)
    return visit.redirect("/office", "contact-set")


@router.get("/office/commitments", **page(Permission.COMMITMENTS_SIGN))
async def show_commitment(visit: Reading) -> Response:
    """Show the form with which a unit head commits the office."""
    visit.principal.require(Permission.COMMITMENTS_SIGN)
    first = {"lapses_on": (visit.today + _LASTS).isoformat()}
    return _commitment(visit, first, {})


def _commitment(visit: Visit, form: dict[str, str], errors: dict[str, str]) -> Response:
    status = 422 if errors else 200
    return visit.page("office/commitment.html", status=status, form=form, errors=errors)


@router.post("/office/commitments", **page(Permission.COMMITMENTS_SIGN))
async def sign_commitment(visit: Changing, session: Session) -> Response:
    """Commit the office, or renew its word."""
    visit.principal.require(Permission.COMMITMENTS_SIGN)
    sent = forms.only(visit.form, "trafficking_type", "signatory", "lapses_on")
    today = visit.today.isoformat()
    body, errors = forms.read(CommitmentSign, {**sent, "signed_on": today})
    if body is None:
        return _commitment(visit, visit.form, errors)
    await own.sign_own_commitment(session, visit.principal, body, now=visit.now)
    return visit.redirect("/office", "commitment-signed")


@router.get("/office/feed", **page(Permission.DEFENDANT_FEED_CHOOSE))
async def show_feed_choice(visit: Reading, session: Session) -> Response:
    """Show what the office decided about being named in the feed of defendants."""
    return await _feed_choice(visit, session, {})


async def _feed_choice(visit: Visit, session: Session, errors: dict[str, str]) -> Response:
    choice = await defendants.read_choice(session, visit.principal)
    status = 422 if errors else 200
    return visit.page("office/feed.html", status=status, choice=choice, errors=errors)


@router.post("/office/feed", **page(Permission.DEFENDANT_FEED_CHOOSE))
async def choose_feed(visit: Changing, session: Session) -> Response:
    """Decide whether the feed names the office for cases that ask to be contacted first."""
    visit.principal.require(Permission.DEFENDANT_FEED_CHOOSE)
    body, errors = forms.read(FeedChoicePut, forms.only(visit.form, "has_contact_first"))
    if body is None:
        return await _feed_choice(visit, session, errors)
    await defendants.put_choice(session, visit.principal, body, now=visit.now)
    return visit.redirect("/office", "feed-chosen")


@router.get("/offices", **page(Permission.OFFICES_READ))
async def show_offices(
    visit: Reading,
    session: Session,
    response: Response,
    named: Annotated[Named, Query()] = "",
    state: Annotated[OfState, Query()] = "",
    cursor: Cursor = None,
) -> Response:
    """Show the offices that take part: whom to reach, and what their leadership stands for."""
    asked = OfficeFilter(named=named, state=state)
    filters = urlencode({name: text for name, text in asked.model_dump().items() if text})
    wanted = visit.list_page(response, cursor, PER_PAGE, filters)
    found = await offices.list_participants(
        session, visit.principal, asked, after=wanted.number, limit=PER_PAGE, now=visit.now
    )
    return visit.page(
        "office/offices.html",
        offices=[read for _, read in found],
        asked=asked,
        filters=filters,
        states=STATES,
        next_cursor=wanted.end([key for key, _ in found]),
        is_first=cursor is None,
    )


@router.get("/quotas", **page(Permission.OFFICES_READ))
async def show_quotas(visit: Reading, session: Session) -> Response:
    """Show how much the office had evaluated lately, and how much it may."""
    found = await quotas.list_allowances(session, visit.principal, now=visit.now)
    return visit.page("office/quotas.html", allowances=found)
