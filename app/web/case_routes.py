import json
from typing import Annotated, Final, Literal
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response

from app.access.permissions import Permission
from app.access.vocabulary import DISCLOSURES, RECORD_CLASSES
from app.cases import posting
from app.cases import service as cases
from app.cases.errors import CaseNotFoundError, SummaryRefusedError, TokenRefusedError
from app.cases.registering import Intake
from app.cases.routes import THEN_FINISH
from app.cases.schemas import CasePut, CaseRead, ExternalId, SourceSystem
from app.cases.vocabulary import RecordClass, TraffickingType
from app.checks import service as checks
from app.checks.schemas import CheckMake, CheckRead
from app.core.db import savepoint
from app.core.deps import Now, Session
from app.core.errors import InvalidError
from app.core.schemas import Sent
from app.handling import asking
from app.handling.errors import PartiesRefusedError
from app.handling.schemas import ConsultAsk
from app.queues import service as queues
from app.queues.schemas import CaseFilter
from app.quotas.counting import within_look
from app.reference.words import BASES, DECLINED_REASONS, meaning
from app.reviews import corrections
from app.sharing import audience
from app.sharing.schemas import AudienceAsk, AudienceRead
from app.web import forms
from app.web.deps import Changing, Cursor, Note, Reading, page
from app.web.once import once
from app.web.pages import PageRoute, Visit
from app.web.subject_fields import MAX_BODY, asked_kinds, sent_tokens

router = APIRouter(route_class=PageRoute)
PER_PAGE: Final = 25
MOST_OVERLAPS: Final = 50
_CASE_FIELDS: Final = (
    *("record_class", "trafficking_type", "disclosure", "county_fips"),
    *("opened_on", "review_on", "summary", "declined_reason"),
)
_UNCHARGED: Final = frozenset({"pre_charge", "declined"})
_ATTESTATION: Final = ("basis", "attested_by", "attested_on", "support_at")
_NO_SUCH_OFFICE: Final = "No other office with this code takes part, or a wall keeps it out."
_POSTED_BEFORE: Final = (
    "Your office has posted a case of this number. Change it on its page, or where it came from."
)


class Reference(Sent):
    """How the office itself names a case."""

    source_system: SourceSystem
    external_id: ExternalId


@router.get("/cases", **page(Permission.CASES_READ))
async def show_cases(
    visit: Reading,
    session: Session,
    response: Response,
    number: Annotated[str, Query(max_length=64)] = "",
    stage: RecordClass | Literal[""] = "",
    kind: TraffickingType | Literal[""] = "",
    cursor: Cursor = None,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show the office's own cases, newest first."""
    asked = CaseFilter(number=number.strip(), stage=stage, kind=kind)
    filters = urlencode({name: text for name, text in asked.model_dump().items() if text})
    wanted = visit.list_page(response, cursor, PER_PAGE, filters)
    found = await queues.list_cases(
        session, visit.principal, asked, before=wanted.number, limit=PER_PAGE
    )
    return visit.page(
        "cases/cases.html",
        cases=[CaseRead.model_validate(case, from_attributes=True) for case in found],
        next_cursor=wanted.end([case.id for case in found]),
        is_first=cursor is None,
        asked=asked,
        filters=filters,
        corrections=await corrections.list_due(session, visit.principal, limit=PER_PAGE),
        today=visit.today,
    )


@router.get("/cases/new", **page(Permission.CASES_POST))
async def show_new_case(
    visit: Reading,
) -> Response:
    """Show the form of a case; what identifies people is read and hashed in the page."""
    visit.principal.require(Permission.CASES_POST)  # no service is asked before it is sent
    return _new_case(visit, {})


def _new_case(
    visit: Visit,
    errors: dict[str, str],
    *,
    status: int = 200,
    preview: AudienceRead | None = None,
) -> Response:
    return visit.page(
        "cases/new.html",
        status=status,
        form=visit.form,
        errors=errors,
        preview=preview,
        record_classes=RECORD_CLASSES,
        disclosures=DISCLOSURES,
        kinds=json.dumps(asked_kinds()),
        bases=[(word, meaning("basis", word)) for word in BASES],
        declined_reasons=[(word, meaning("declined_reason", word)) for word in DECLINED_REASONS],
        subjects=visit.form.get("subjects", ""),
    )


@router.post("/cases/audience", **page(Permission.CASES_POST, max_body_bytes=MAX_BODY))
async def show_audience(visit: Changing, session: Session, now: Now) -> Response:
    """Show who could see the case as the form has it, before it is posted."""
    sent = forms.only(visit.form, "disclosure", "record_class", "trafficking_type")
    asked, errors = forms.read(AudienceAsk, sent)
    if asked is None:
        if visit.is_part:
            return visit.page("cases/audience.html", preview=None)
        return _new_case(visit, errors, status=422)
    preview = await audience.preview_audience(session, visit.principal, asked, now=now)
    if visit.is_part:
        return visit.page("cases/audience.html", preview=preview)
    return _new_case(visit, {}, preview=preview)


@router.post(
    "/cases/new",
    dependencies=THEN_FINISH,
    **page(Permission.CASES_POST, max_body_bytes=MAX_BODY),
)
async def post_case(request: Request, visit: Changing, session: Session, now: Now) -> Response:
    """Post a case with the tokens that the page has made; nothing raw is among the fields."""
    sent = forms.only(visit.form, *_CASE_FIELDS)
    if visit.form.get("record_class") in _UNCHARGED:
        attested = forms.only(visit.form, *_ATTESTATION)
        sent["attestation"] = {**attested, "attests": visit.form["record_class"]}
    if visit.form.get("record_class") != "declined":
        sent.pop("declined_reason", None)  # the field stays in the page beside other stages
    ref, ref_errors = forms.read(Reference, forms.only(visit.form, *Reference.model_fields))
    body, errors = forms.read(CasePut, {**sent, **sent_tokens(visit.form)})
    if "epoch" in errors:
        del errors["epoch"]  # the page's script sets it together with the subjects
        errors["subjects"] = forms.SUBJECTS_NEEDED
    if ref is None or body is None:
        return _new_case(visit, {**ref_errors, **errors}, status=422)
    intake: Intake = request.app.state.intake
    key = ref.source_system, ref.external_id
    if await _is_posted(session, visit, key):
        return _new_case(visit, {"external_id": _POSTED_BEFORE}, status=409)
    try:
        receipt = await posting.put_case(session, visit.principal, intake, key, body, now=now)
    except (SummaryRefusedError, TokenRefusedError, InvalidError) as error:
        # nothing was stored yet: these are checked before the first statement that writes
        return _new_case(visit, forms.refused(error), status=422)
    return visit.redirect(f"/cases/{'/'.join(key)}", f"case-{receipt.result}")


async def _is_posted(session: Session, visit: Visit, key: tuple[str, str]) -> bool:
    """Return whether the office has this case: a form would replace facts that it does not show."""
    try:
        await cases.read_case(session, visit.principal, *key)
    except CaseNotFoundError:
        return False
    return True


@router.get("/cases/{source_system}/{external_id}", **page(Permission.CASES_READ))
async def show_case(
    source_system: SourceSystem,
    external_id: ExternalId,
    visit: Reading,
    session: Session,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show one of the office's own cases and its overlaps."""
    return await _look(visit, session, (source_system, external_id), {})


async def _look(
    visit: Visit, session: Session, ref: tuple[str, str], errors: dict[str, str]
) -> Response:
    """Return the page of a case, counted; with `errors` after a form that was not right."""
    async with within_look(session, visit.principal, now=visit.now):
        return await _case(visit, session, ref, errors)


async def _case(
    visit: Visit,
    session: Session,
    ref: tuple[str, str],
    errors: dict[str, str],
    *,
    check: CheckRead | None = None,
) -> Response:
    case = await cases.read_case(session, visit.principal, *ref)
    found = await queues.list_overlaps_of_case(
        session, visit.principal, case.id, limit=MOST_OVERLAPS + 1, now=visit.now
    )
    return visit.page(
        "cases/case.html",
        status=422 if errors else 200,
        case=CaseRead.model_validate(case, from_attributes=True),
        overlaps=[seen.read for seen in found[:MOST_OVERLAPS]],
        has_more=len(found) > MOST_OVERLAPS,
        check=check,
        errors=errors,
        form=visit.form,
        key=uuid4().hex,
    )


@router.post("/cases/{source_system}/{external_id}/handling", **page(Permission.HANDLING_REQUEST))
async def ask_about_case(
    source_system: SourceSystem, external_id: ExternalId, visit: Changing, session: Session
) -> Response:
    """Ask another office a question about a case that need not overlap; sent twice, made once."""
    ref = source_system, external_id
    sent = {"kind": visit.form.get("kind"), "offices": [visit.form.get("office", "").strip()]}
    asked, errors = forms.read(ConsultAsk, sent)
    if errors.pop("offices", None):
        errors["office"] = _NO_SUCH_OFFICE
    if asked is not None:
        body = asked
        try:
            async with savepoint(session):  # what is refused leaves no key behind
                made = await once(
                    session,
                    visit,
                    Permission.HANDLING_REQUEST,
                    lambda: asking.request_handling_of_case(
                        session, visit.principal, ref, body, now=visit.now
                    ),
                )
        except PartiesRefusedError:
            errors = {"office": _NO_SUCH_OFFICE}
        else:
            return visit.redirect(f"/handling/{made['id']}", "request-sent")
    return await _look(visit, session, ref, errors)


@router.post("/cases/{source_system}/{external_id}/checks", **page(Permission.OVERLAPS_READ))
async def check_before_act(
    source_system: SourceSystem, external_id: ExternalId, visit: Changing, session: Session
) -> Response:
    """Show who else is on the case before the office acts in it; the check is recorded."""
    ref = source_system, external_id
    asked, errors = forms.read(CheckMake, forms.only(visit.form, "act"))
    if asked is None:
        return await _look(visit, session, ref, errors)
    check = await checks.check_before(session, visit.principal, ref, asked.act, now=visit.now)
    return await _case(visit, session, ref, {}, check=check)
