from contextlib import suppress
from typing import Final, Literal
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import APIRouter, Response

from app.access.permissions import Permission
from app.cases import ladder
from app.cases import service as cases
from app.cases.errors import OverlapNotFoundError
from app.cases.ladder import SeenOverlap
from app.cases.overlap_schemas import OverlapId
from app.core.deps import Session
from app.core.ids import parse_public_id
from app.handling import asking, queries, reading
from app.handling.asking import check_terms
from app.handling.errors import TermsRefusedError
from app.handling.reads import AgreementExport, HandlingId
from app.handling.schemas import AgreementAsk, ConsultAsk
from app.handling.standings import HandlingFilter, Standing
from app.handling.terms import ATTESTATION, Terms
from app.handling.vocabulary import QUESTIONS, Kind
from app.queues import service as queues
from app.queues.schemas import QueueFilter
from app.quotas.counting import within_listing
from app.web import forms, handling_words, refusals, terms_form
from app.web.deps import Changing, Cursor, Note, Reading, page
from app.web.once import attempt
from app.web.pages import MOST_PER_PAGE, PageRoute, Visit
from app.web.story import request_story

router = APIRouter(route_class=PageRoute)
PER_PAGE: Final = 25
_TWO: Final = (("1", "Our office"), ("2", "The other office"))
_FURTHER: Final = ("also_1", "also_2")
_NAME: Final = 64
_SHOWN_AT: Final = {"also": "also_1"}
_UNRELATED: Final = ("office_1", "office_2", "office_3")
"""Fields for offices that no overlap leads to."""
_MORE: Final = tuple((str(number), f"Office {number}, as named below") for number in range(3, 8))


@router.get("/handling", **page(Permission.HANDLING_READ))
async def show_requests(
    visit: Reading,
    session: Session,
    response: Response,
    standing: Standing = "all",
    kind: Kind | Literal[""] = "",
    cursor: Cursor = None,
) -> Response:
    """Show the requests for joint handling that the office sent or received."""
    asked = HandlingFilter(standing=standing, kind=kind or None)
    filters = urlencode(asked.model_dump(exclude_defaults=True))
    wanted = visit.list_page(response, cursor, PER_PAGE, filters)
    found = await reading.list_requests(
        session, visit.principal, asked, before=wanted.id, limit=PER_PAGE, now=visit.now
    )
    return visit.page(
        "handling/results.html" if visit.is_part else "handling/requests.html",
        asked=asked,
        filters=filters,
        requests=[read for _, read in found],
        next_cursor=wanted.end([key for key, _ in found]),
        is_first=cursor is None,
    )


@router.get("/handling/{request_id}", **page(Permission.HANDLING_READ))
async def show_request(
    request_id: HandlingId,
    visit: Reading,
    session: Session,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show one request: where it stands, its terms, and the forms of what may be done next."""
    return await show(visit, session, request_id, {})


async def show(
    visit: Visit, session: Session, request_id: str, errors: dict[str, str], status: int = 200
) -> Response:
    """Return the page of a request; with `errors` after a form that was not right."""
    key = parse_public_id(queries.PREFIX, request_id)
    export = await reading.export_agreement(session, visit.principal, key, now=visit.now)
    return visit.page(
        "handling/request.html",
        status=status,
        handling=export.request,
        export=export,
        steps=_open_steps(visit, export),
        may_record=bool(export.request.steps)
        and export.request.terms is not None
        and visit.may(Permission.HANDLING_ANSWER),
        is_proved=visit.is_proved(),
        story=request_story(export),
        attestation=ATTESTATION,
        errors=errors,
        form=visit.form,
        key=uuid4().hex,
    )


def _open_steps(visit: Visit, export: AgreementExport) -> set[str]:
    """Return the steps that the reader may take, of those that the office can."""
    read = export.request
    found = ((step, handling_words.permission(read, step)) for step in read.steps)
    return {step for step, permission in found if permission and visit.may(permission)}


@router.get("/overlaps/{overlap_id}/agreement", **page(Permission.HANDLING_REQUEST))
async def show_draft(overlap_id: OverlapId, visit: Reading, session: Session) -> Response:
    """Show the form of an agreement with the other office of an overlap."""
    visit.principal.require(Permission.HANDLING_REQUEST)
    return await _draft(visit, session, overlap_id, {**terms_form.first(visit.today)}, {})


async def _draft(
    visit: Visit,
    session: Session,
    overlap_id: str,
    form: dict[str, str],
    errors: dict[str, str],
    status: int = 200,
) -> Response:
    """Return the form of a draft; an overlap that the reader may not see has none."""
    key = parse_public_id(ladder.PREFIX, overlap_id)
    await cases.read_overlap(session, visit.principal, key, now=visit.now)
    found = await _further(visit, session, form)
    return visit.page(
        "handling/further.html" if visit.is_part else "handling/terms.html",
        status=status,
        title="Draft an agreement",
        action=f"/overlaps/{overlap_id}/handling",
        back=("Overlap", f"/overlaps/{overlap_id}"),
        advice="Your office's unit head signs the draft before the other office learns of it.",
        button="Keep the draft",
        kinds=[each for each in handling_words.KINDS.items() if each[0] not in QUESTIONS],
        step="",
        version="",
        options=terms_form.options,
        forum=terms_form.FORUM,
        parties=(*_TWO, *_MORE),
        unrelated=_UNRELATED,
        find=f"/overlaps/{overlap_id}/agreement",
        is_cut=len(found) >= MOST_PER_PAGE,
        further=[
            (each.read.id, f"{each.read.counterpart.office.name}, {each.read.case.external_id}")
            for each in found
            if each.read.counterpart.office is not None and each.id != key
        ],
        form=form,
        errors=errors,
        key=uuid4().hex,
    )


async def _further(visit: Visit, session: Session, form: dict[str, str]) -> list[SeenOverlap]:
    """Return the newest overlaps with offices that are looked for, and those that are chosen."""
    named = form.get("also_named", "")[:_NAME]
    async with within_listing(session, visit.principal, now=visit.now, is_newest=not named):
        found = await queues.list_overlaps(
            session,
            visit.principal,
            QueueFilter(office=named),
            before=None,
            limit=MOST_PER_PAGE,
            now=visit.now,
        )
        chosen = {parse_public_id(ladder.PREFIX, form.get(name, "")) for name in _FURTHER}
        for each in chosen - {seen.id for seen in found} - {None}:
            with suppress(OverlapNotFoundError):  # it holds no longer
                found.append(
                    await cases.read_overlap(session, visit.principal, each, now=visit.now)
                )
    return found


def _is_still_looked_for(form: dict[str, str]) -> bool:
    """Return whether a part of a name was typed that the form shows no overlaps for yet.

    Without a script a form cannot say in which field Enter was pressed. What was typed to look
    for somebody and not looked for was it; nothing is kept before the answer is read.
    """
    return form.get("also_named", "") not in {"", form.get("found_for", "")}


@router.post("/overlaps/{overlap_id}/agreement", **page(Permission.HANDLING_REQUEST))
async def find_further(overlap_id: OverlapId, visit: Changing, session: Session) -> Response:
    """Show the draft as it is filled in, with overlaps of the offices that are looked for."""
    visit.principal.require(Permission.HANDLING_REQUEST)
    return await _draft(visit, session, overlap_id, visit.form, {})


@router.post("/overlaps/{overlap_id}/handling", **page(Permission.HANDLING_REQUEST))
async def ask_for_handling(overlap_id: OverlapId, visit: Changing, session: Session) -> Response:
    """Ask the other office a question, or draft an agreement; sent twice, it is made once."""
    visit.principal.require(Permission.HANDLING_REQUEST)
    if visit.form.get("pressed") == "enter" and _is_still_looked_for(visit.form):
        return await _draft(visit, session, overlap_id, visit.form, {})
    kind = visit.form.get("kind", "")
    errors: dict[str, str] = {}
    asked: AgreementAsk | ConsultAsk | None
    if kind in QUESTIONS:
        asked, errors = forms.read(ConsultAsk, {"kind": kind})
    else:
        terms, errors = terms_form.read(visit.form)
        also = [visit.form[name] for name in _FURTHER if name in visit.form]
        offices = [visit.form[name].upper() for name in _UNRELATED if name in visit.form]
        errors |= refused_terms(terms, len(_TWO) + len(also) + len(offices), visit)
        sent = {"kind": visit.form.get("kind"), "terms": terms, "also": also, "offices": offices}
        asked, wrong = forms.read(AgreementAsk, sent) if terms else (None, {})
        errors |= {_SHOWN_AT.get(name, name): text for name, text in wrong.items()}
    if asked is None or errors:
        return await _draft(visit, session, overlap_id, visit.form, errors, 422)
    body, key = asked, parse_public_id(ladder.PREFIX, overlap_id)
    made, refused = await attempt(
        session,
        visit,
        Permission.HANDLING_REQUEST,
        lambda: asking.request_handling(session, visit.principal, key, body, now=visit.now),
    )
    if refused is not None and kind in QUESTIONS:
        raise refused  # a question is a button, not a form
    if refused is not None:
        found = refusals.at_form(refused)
        errors = {_SHOWN_AT.get(name, name): text for name, text in found.items()}
        return await _draft(visit, session, overlap_id, visit.form, errors, refused.status)
    return visit.redirect(
        f"/handling/{made['id']}", "request-sent" if kind in QUESTIONS else "draft-kept"
    )


def refused_terms(
    terms: Terms | None, parties: int, visit: Visit, number: int = 1
) -> dict[str, str]:
    """Return by field what is wrong with terms beyond their schema; see `check_terms`."""
    if terms is None:
        return {}
    try:
        check_terms(terms, parties, now=visit.now, number=number)
    except TermsRefusedError as error:
        return {_field(each.pointer): each.detail for each in error.problems}
    return {}


def _field(pointer: str) -> str:
    """Return the field of the form of terms that a pointer leads to; "" for all of them."""
    name, *rest = [*pointer.split("/")[2:], ""]
    return name if name == "statutes" else "_".join([name, *rest]).strip("_")
