"""Values that say less than others of their kind: what is on the lists that apply to the office."""

import json
from typing import Final
from uuid import uuid4

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.cases.routes import THEN_FINISH
from app.core.deps import Session
from app.core.errors import InvalidError
from app.core.ids import parse_public_id
from app.identifiers.kinds import MATCH_SPEC
from app.offices import own
from app.offices.queries import list_names
from app.suppressing import entries
from app.suppressing import service as suppressing
from app.suppressing.schemas import SuppressionAdd, SuppressionId
from app.web import forms, words
from app.web.deps import Changing, Cursor, Note, Reading, page
from app.web.once import once
from app.web.pages import PageRoute, Visit
from app.web.subject_fields import asked_kinds

router = APIRouter(route_class=PageRoute)
PER_PAGE: Final = 25
_MANAGE: Final = page(Permission.SUPPRESSIONS_MANAGE)


@router.get("/suppressions", **_MANAGE)
async def show_suppressions(
    visit: Reading,
    session: Session,
    response: Response,
    cursor: Cursor = None,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show the entries that apply to the office: its own, its state's and those for all."""
    wanted = visit.list_page(response, cursor, PER_PAGE, "")
    found = await suppressing.list_suppressions(
        session, visit.principal, before=wanted.id, limit=PER_PAGE
    )
    return visit.page(
        "office/suppressions.html",
        entries=[read for _, read in found],
        names=await list_names(session, [read.owner for _, read in found]),
        next_cursor=wanted.end([key for key, _ in found]),
        is_first=cursor is None,
    )


@router.get("/suppressions/new", **_MANAGE)
async def show_new_suppression(visit: Reading, session: Session) -> Response:
    """Show the form that puts a value on the office's list; the page makes its token."""
    visit.principal.require(Permission.SUPPRESSIONS_MANAGE)
    return await _new_suppression(visit, session, {})


async def _new_suppression(
    visit: Visit, session: Session, errors: dict[str, str], status: int = 200
) -> Response:
    standing = await own.read_standing(session, visit.principal, now=visit.now)
    kinds = [kind for kind in asked_kinds() if kind["name"] != "ssn4"]  # it needs a name
    scopes = [("office", "Pairs with your office in them")]
    if standing.read.kind == "attorney_general":
        scopes.append(("state", f"Pairs with an office of {standing.read.state} in them"))
    return visit.page(
        "office/new_suppression.html",
        status=status,
        kinds=json.dumps(kinds),
        kind_names=[(kind["name"], words.kind_word(kind["name"]).capitalize()) for kind in kinds],
        scopes=scopes,
        form=visit.form,
        errors=errors,
        key=uuid4().hex,
    )


@router.post("/suppressions/new", dependencies=THEN_FINISH, **_MANAGE)
async def add_suppression(request: Request, visit: Changing, session: Session) -> Response:
    """Put a value on the office's list, by the token that the page has made."""
    visit.principal.require(Permission.SUPPRESSIONS_MANAGE)
    sent = forms.only(visit.form, "kind", "token", "expires_on", "mode", "scope", "reason")
    sent |= {"match_spec": MATCH_SPEC, "epoch": forms.number(visit.form, "epoch")}
    body, errors = forms.read(SuppressionAdd, sent)
    if errors.keys() & {"token", "epoch"}:
        errors = {"kind": "Enter the value; the page makes its token."} | {
            name: said for name, said in errors.items() if name not in {"token", "epoch"}
        }
    if body is not None:
        try:
            entries.check_expiry(body.expires_on, now=visit.now)
        except InvalidError as error:
            body, errors = None, forms.refused(error)
    if body is None:
        return await _new_suppression(visit, session, errors, 422)
    entry, keyring = body, request.app.state.keyring
    await once(
        session,
        visit,
        Permission.SUPPRESSIONS_MANAGE,
        lambda: suppressing.add_suppression(
            session, visit.principal, keyring, entry, now=visit.now
        ),
    )
    return visit.redirect("/suppressions", "suppression-added")


@router.get("/suppressions/{suppression_id}", **_MANAGE)
async def show_end_suppression(
    suppression_id: SuppressionId, visit: Reading, session: Session
) -> Response:
    """Ask whether an entry of the office is to end."""
    key = parse_public_id(suppressing.PREFIX, suppression_id)
    entry = await suppressing.read_suppression(session, visit.principal, key)
    return visit.page("office/end_suppression.html", entry=entry, key=uuid4().hex)


@router.post("/suppressions/{suppression_id}", dependencies=THEN_FINISH, **_MANAGE)
async def end_suppression(
    suppression_id: SuppressionId, request: Request, visit: Changing, session: Session
) -> Response:
    """End an entry of the office: what it held back is found again."""
    key = parse_public_id(suppressing.PREFIX, suppression_id)
    keyring = request.app.state.keyring
    await once(
        session,
        visit,
        Permission.SUPPRESSIONS_MANAGE,
        lambda: suppressing.end_suppression(session, visit.principal, keyring, key, now=visit.now),
    )
    return visit.redirect("/suppressions", "suppression-ended")
