"""Changing one of the office's own cases: what it says, not whom it is about."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.cases import changing
from app.cases import service as cases
from app.cases.change_schemas import CaseChange
from app.cases.errors import SummaryRefusedError, TextRefusedError
from app.cases.models import Case
from app.cases.registering import Intake
from app.cases.schemas import ExternalId, SourceSystem
from app.core.deps import Now, Session
from app.core.errors import InvalidError, PreconditionFailedError
from app.core.preconditions import Precondition
from app.reference.words import BASES, DECLINED_REASONS, ORIGINS, STAGES, meaning
from app.web import forms
from app.web.deps import Changing, Reading, page
from app.web.pages import PageRoute, Visit

router = APIRouter(route_class=PageRoute)
_SIMPLE: Final = (
    *("record_class", "trafficking_type", "disclosure", "county_fips", "opened_on", "review_on"),
    *("summary", "declined_reason"),
)
_ATTESTED: Final = ("basis", "attested_by", "attested_on", "support_at")
_LABELS: Final = ("sensitivity", "source_confidence", "handling_code", "control_official")
_UNCHARGED: Final = frozenset({"pre_charge", "declined"})
_SHOWN_AT: Final = {"facts": "begins_on", "stages": "stage", "labels": "control_official"}
"""The field of the page that stands for a part of the schema."""


@router.get("/cases/{source_system}/{external_id}/change", **page(Permission.CASES_POST))
async def show_change(
    source_system: SourceSystem, external_id: ExternalId, visit: Reading, session: Session
) -> Response:
    """Show what one of the office's own cases says, to be changed."""
    visit.principal.require(Permission.CASES_POST)
    case = await cases.read_case(session, visit.principal, source_system, external_id)
    visit.form.update(_as_form(case))
    return _page(visit, case, {})


@router.post("/cases/{source_system}/{external_id}/change", **page(Permission.CASES_POST))
async def change_case(
    source_system: SourceSystem,
    external_id: ExternalId,
    request: Request,
    visit: Changing,
    session: Session,
    now: Now,
) -> Response:
    """Change what the case says, unless somebody else did since the page was opened."""
    visit.principal.require(Permission.CASES_POST)
    ref = source_system, external_id
    case = await cases.read_case(session, visit.principal, *ref)
    change, errors = forms.read(CaseChange, _sent(visit.form))
    if change is None:
        return _page(visit, case, errors, status=422)
    intake: Intake = request.app.state.intake
    if_match = Precondition.parse(visit.form.get("version", ""))
    try:
        await changing.change_case(
            session, visit.principal, intake.app_secret, ref, change, if_match=if_match, now=now
        )
    # each is raised before the first statement that writes
    except (SummaryRefusedError, TextRefusedError, InvalidError) as error:
        return _page(visit, case, forms.refused(error), status=422)
    except PreconditionFailedError as error:
        return _page(visit, case, {}, status=error.status)
    return visit.redirect(f"/cases/{'/'.join(ref)}", "case-updated")


def _page(visit: Visit, case: Case, errors: dict[str, str], *, status: int = 200) -> Response:
    return visit.page(
        "cases/change.html",
        status=status,
        case=case,
        is_behind=status == PreconditionFailedError.status,
        form=visit.form,
        errors={_SHOWN_AT.get(name, name): text for name, text in errors.items()},
        bases=[(word, meaning("basis", word)) for word in BASES],
        declined_reasons=[(word, meaning("declined_reason", word)) for word in DECLINED_REASONS],
        origins=[(word, meaning("origin", word)) for word in ORIGINS],
        stages=[(word, meaning("stage", word)) for word in STAGES],
    )


def _as_form(case: Case) -> dict[str, str]:
    """Return the fields of the page as the case has them."""
    period = case.facts.get("period") or {}
    known = {
        **{name: getattr(case, name) for name in _SIMPLE},
        **{name: (case.attestation or {}).get(name) for name in _ATTESTED},
        **case.labels,
        "origin": case.facts.get("origin"),
        "begins_on": period.get("begins_on"),
        "ends_on": period.get("ends_on"),
    }
    return {name: str(value) for name, value in known.items() if value is not None}


def _sent(form: dict[str, str]) -> dict[str, Any]:
    """Return the change that a form asks for."""
    sent: dict[str, Any] = forms.only(form, *_SIMPLE)
    if form.get("record_class") in _UNCHARGED:
        sent["attestation"] = {**forms.only(form, *_ATTESTED), "attests": form["record_class"]}
    if form.get("record_class") != "declined":
        sent.pop("declined_reason", None)  # the field stays in the page beside other stages
    period = forms.only(form, "begins_on", "ends_on")
    facts = {"origin": form.get("origin"), "period": period or None}
    labels: dict[str, Any] = forms.only(form, *_LABELS)
    if "information_confidence" in form:
        labels["information_confidence"] = forms.number(form, "information_confidence")
    steps = [{"stage": form.get("stage"), "on": form.get("stage_on")}]
    is_step = "stage" in form or "stage_on" in form
    return {**sent, "facts": facts, "labels": labels, "stages": steps if is_step else []}
