from typing import Any, Final, get_args
from uuid import uuid4

from fastapi import APIRouter, Response

from app.access.permissions import Permission
from app.cases import ladder
from app.cases import service as cases
from app.cases.ladder import SeenOverlap
from app.cases.overlap_schemas import OverlapId, VerdictPut
from app.cases.schemas import CaseRead
from app.cases.vocabulary import ReadReason
from app.contact_requests import reading as contact_requests
from app.core.deps import Session, Settings
from app.core.ids import parse_public_id, public_id
from app.core.preconditions import Precondition
from app.followups import service as followups
from app.followups.states import NEXT
from app.handling import reading as handling
from app.handling.vocabulary import FINAL
from app.openings import service as openings
from app.overlaps.scoring import Prior
from app.people import directory
from app.people.service import PREFIX as PERSON
from app.web import evidence, forms, menu
from app.web.deps import Changing, Cursor, Note, Reading, page
from app.web.pages import PageRoute, Visit
from app.web.story import story

router = APIRouter(route_class=PageRoute)
PER_PAGE: Final = 25
_REASONS: Final[dict[str, ReadReason]] = {
    reason: reason for reason in get_args(get_args(ReadReason)[0])
}
_BANDS: Final = ("strong", "probable", "possible", "shared_only")


@router.get("/", **page())
async def show_start(visit: Reading) -> Response:
    """Send the browser to the first page that the person's role opens."""
    if visit.may(Permission.OVERLAPS_READ):
        return visit.redirect("/overlaps?turn=ours")
    return visit.redirect(menu.sections(visit)[0].path)  # each role opens something


@router.get("/overlaps/retracted", **page(Permission.OVERLAPS_READ))
async def show_retracted(
    visit: Reading, session: Session, response: Response, cursor: Cursor = None
) -> Response:
    """Show the overlaps that the office had seen and that hold no longer."""
    wanted = visit.list_page(response, cursor, PER_PAGE, "")
    found = await openings.list_overlaps(
        session,
        visit.principal,
        before=wanted.id,
        limit=PER_PAGE,
        now=visit.now,
        retracted=True,
    )
    return visit.page(
        "overlaps/retracted.html",
        overlaps=[seen.read for seen in found],
        next_cursor=wanted.end([seen.id for seen in found]),
        is_first=cursor is None,
    )


@router.get("/overlaps/{overlap_id}", **page(Permission.OVERLAPS_READ))
async def show_overlap(
    overlap_id: OverlapId,
    visit: Reading,
    session: Session,
    settings: Settings,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show one overlap: both sides as far as the ladder goes, and why it was found."""
    key = parse_public_id(ladder.PREFIX, overlap_id)
    seen = await openings.read_overlap(session, visit.principal, key, reason=None, now=visit.now)
    return await show(visit, session, seen, settings)


async def show(
    visit: Visit,
    session: Session,
    seen: SeenOverlap,
    settings: Settings,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    """Return the page of an overlap; with `errors` after a form that was not right."""
    prior = Prior(settings.opposite_subjects, settings.expected_matches)
    read = seen.read
    requests, asked, kept, own = [], None, None, None
    if read.retracted_at is None:
        kept = await followups.read_follow_up(session, visit.principal, seen.id, now=visit.now)
        if visit.may(Permission.CASES_READ):
            ref = read.case.source_system, read.case.external_id
            own = CaseRead.model_validate(
                await cases.read_case(session, visit.principal, *ref), from_attributes=True
            )
    if visit.may(Permission.HANDLING_READ):
        requests = await handling.list_requests_of_overlap(
            session, visit.principal, seen.id, now=visit.now
        )
        asked = await contact_requests.find_open(session, visit.principal, seen.id, now=visit.now)
    shown: dict[str, Any] = {
        "overlap": read,
        "etag": read.etag,
        "own": own,
        "pictures": [
            (
                finding,
                evidence.signals(finding, prior),
                evidence.unknown(finding),
                evidence.rarity(finding, prior),
            )
            for finding in read.findings
        ],
        "story": story(read, requests, kept),
        "contact_request": asked,
        "open_request": next((each for each in requests if each.status not in FINAL), None),
        "follow_up": kept,
        "events": {event for state, event in NEXT if kept is not None and state == kept.state},
        "own_id": _own_id(visit),
        "colleagues": await _colleagues(visit, session) if kept is not None else [],
        "errors": errors or {},
        "form": visit.form,
        "key": uuid4().hex,
        "contact_key": uuid4().hex,
    }
    is_pointer = read.rung == "pointer"
    template = "overlaps/pointer.html" if is_pointer else "overlaps/overlap.html"
    return visit.page(template, status=status, **shown)


async def _colleagues(visit: Visit, session: Session) -> list[tuple[str, str]]:
    """Return whom the reader may give the overlap to: public id and name."""
    if not visit.may(Permission.OVERLAPS_JUDGE):
        return []
    return await directory.list_who_may(session, visit.principal, Permission.OVERLAPS_JUDGE)


@router.post("/overlaps/{overlap_id}/verdict", **page(Permission.OVERLAPS_JUDGE))
async def give_verdict(
    overlap_id: OverlapId, visit: Changing, session: Session, settings: Settings
) -> Response:
    """Say what the office holds of the overlap, as it was read."""
    key = parse_public_id(ladder.PREFIX, overlap_id)
    sent = forms.only(visit.form, "verdict", "reason")
    if sent.get("verdict") != "not_a_match":
        sent.pop("reason", None)  # the list of reasons stays in the page beside other answers
    body, errors = forms.read(VerdictPut, sent)
    if body is None:
        seen = await openings.read_overlap(
            session, visit.principal, key, reason=None, now=visit.now
        )
        return await show(visit, session, seen, settings, errors, 422)
    if_match = Precondition.parse(visit.form.get("version", ""))
    await cases.put_verdict(session, visit.principal, key, body, if_match=if_match, now=visit.now)
    return visit.redirect(f"/overlaps/{overlap_id}", "verdict-given")


@router.post("/overlaps/{overlap_id}/opened", **page(Permission.OVERLAPS_READ))
async def open_overlap(
    overlap_id: OverlapId, visit: Changing, session: Session, settings: Settings
) -> Response:
    """Show what the other case is about, for a reason that its office finds in its log."""
    key = parse_public_id(ladder.PREFIX, overlap_id)
    reason = _REASONS.get(visit.form.get("opened_for", ""))
    seen = await openings.read_overlap(session, visit.principal, key, reason=reason, now=visit.now)
    errors = {} if reason else {"opened_for": "Choose what you read it for."}
    return await show(visit, session, seen, settings, errors, 200 if reason else 422)


def _own_id(visit: Visit) -> str:
    return public_id(PERSON, visit.signed.person_id)
