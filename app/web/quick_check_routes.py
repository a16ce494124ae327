"""Looking somebody up for one of the own cases, one or a whole list, without posting them."""

import json
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from app.access.permissions import Permission
from app.cases import service as cases
from app.cases.registering import Intake
from app.cases.schemas import ExternalId, SourceSystem
from app.core.deps import Now, Session
from app.core.schemas import Sent
from app.quick_checks import service
from app.quick_checks.schemas import QuickCheckMake, QuickCheckRead
from app.quotas import counting
from app.quotas.allowances import QUICK_CHECK
from app.reference.counties import STATES
from app.web import forms, words
from app.web.deps import Changing, Reading, page
from app.web.pages import PageRoute, Visit
from app.web.subject_fields import MAX_BODY, asked_kinds, sent_tokens

router = APIRouter(route_class=PageRoute)
LATEST: Final = 25
MOST_ROWS: Final = 200
_COLUMNS: Final = ("Row", "Result", "What is shared", "Other office", "Whom to call")


class _Reference(Sent):
    """How the office itself names a case."""

    source_system: SourceSystem
    external_id: ExternalId


@router.get("/check", **page(Permission.TOKENS_EVALUATE))
async def choose_case(
    visit: Reading,
    session: Session,
    source_system: Annotated[str, Query(max_length=32)] = "",
    external_id: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Ask which of the own cases a check is for, because none is made without one."""
    visit.principal.require(Permission.TOKENS_EVALUATE)
    asked = {"source_system": source_system, "external_id": external_id}
    errors: dict[str, str] = {}
    if source_system or external_id:
        ref, errors = forms.read(_Reference, asked)
        if ref is not None:
            return visit.redirect(f"/cases/{ref.source_system}/{ref.external_id}/check")
    found = await cases.list_cases(session, visit.principal, before=None, limit=LATEST)
    return visit.page(
        "checks/choose.html",
        status=422 if errors else 200,
        cases=found,
        form=asked,
        errors=errors,
    )


@router.get("/cases/{source_system}/{external_id}/check", **page(Permission.TOKENS_EVALUATE))
async def show_check(
    source_system: SourceSystem, external_id: ExternalId, visit: Reading, session: Session
) -> Response:
    """Show the form of a check; what identifies people is read and hashed in the page."""
    return await _check(visit, session, (source_system, external_id), {})


async def _check(
    visit: Visit,
    session: Session,
    ref: tuple[str, str],
    errors: dict[str, str],
    result: QuickCheckRead | None = None,
) -> Response:
    case = await cases.read_case(session, visit.principal, *ref)
    left = await counting.read_left(session, visit.principal, [QUICK_CHECK], now=visit.now)
    return visit.page(
        "checks/check.html",
        status=422 if errors else 200,
        case=case,
        kinds=json.dumps(asked_kinds()),
        left=left[QUICK_CHECK],
        result=result,
        errors=errors,
        form=visit.form,
    )


@router.post(
    "/cases/{source_system}/{external_id}/check",
    **page(Permission.TOKENS_EVALUATE, max_body_bytes=MAX_BODY),
)
async def check(
    source_system: SourceSystem,
    external_id: ExternalId,
    request: Request,
    visit: Changing,
    session: Session,
    now: Now,
) -> Response:
    """Look up those of whom the page has made tokens; nothing raw is among the fields."""
    ref = source_system, external_id
    sent = forms.only(visit.form, "reason") | sent_tokens(visit.form)
    body, errors = forms.read(QuickCheckMake, sent)
    if "epoch" in errors:
        del errors["epoch"]  # the page's script sets it together with the subjects
        errors["subjects"] = forms.SUBJECTS_NEEDED
    if body is None:
        return await _check(visit, session, ref, errors)
    intake: Intake = request.app.state.intake
    result = await service.check(session, visit.principal, intake, ref, body, now=now)
    visit.form.pop("subjects", None)  # the next check is of somebody else
    return await _check(visit, session, ref, {}, result)


@router.get("/cases/{source_system}/{external_id}/check/list", **page(Permission.TOKENS_EVALUATE))
async def show_list_check(
    source_system: SourceSystem, external_id: ExternalId, visit: Reading, session: Session
) -> Response:
    """Show the form of a check of a list; a worker in the page reads and hashes the file."""
    case = await cases.read_case(session, visit.principal, source_system, external_id)
    left = await counting.read_left(session, visit.principal, [QUICK_CHECK], now=visit.now)
    kinds = asked_kinds()
    return visit.page(
        "checks/list.html",
        case=case,
        kinds=json.dumps(kinds),
        columns=[(each["name"], each["label"], each["of_name"]) for each in kinds],
        words_of_results=json.dumps(_words()),
        most=MOST_ROWS,
        left=left[QUICK_CHECK],
        shown_columns=_COLUMNS,
    )


def _words() -> dict[str, object]:
    """Return the plain words that the page's script shows results with."""
    kinds = {each["name"]: words.kind_word(each["name"]) for each in asked_kinds()}
    return {
        "columns": _COLUMNS,
        "bands": words.BANDS,
        "offices": words.OFFICE_KINDS,
        "states": STATES,
        "kinds": {**kinds, "name": "name", "org": words.kind_word("org")},
        "none": "No possible match",
        "unread": "Not looked up",
        "common": "Not looked up, because so many hold it",
        "ask": "Post the subject and ask for the contact",
    }
