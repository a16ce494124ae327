"""Taking back one of the office's own cases, and keeping one by a legal hold."""

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.cases import service as cases
from app.cases.change_schemas import CaseWithdraw
from app.cases.registering import Intake
from app.cases.routes import THEN_FINISH
from app.core.deps import Session
from app.core.errors import PreconditionFailedError
from app.core.preconditions import Precondition
from app.reviews import holds
from app.reviews.schemas import HoldSet
from app.sharing.errors import ReasonRefusedError
from app.sharing.routes import CASE, Ref
from app.web import forms
from app.web.deps import Changing, Reading, page
from app.web.pages import PageRoute, Visit

router = APIRouter(route_class=PageRoute)


@router.get(CASE + "/withdrawal", **page(Permission.CASES_POST))
async def show_withdrawal(ref: Ref, visit: Reading, session: Session) -> Response:
    """Say what follows when one of the office's own cases is withdrawn, and ask why."""
    visit.principal.require(Permission.CASES_POST)
    return await _shown(visit, session, ref, "cases/withdrawal.html", {})


@router.post(CASE + "/withdrawal", dependencies=THEN_FINISH, **page(Permission.CASES_POST))
async def withdraw_case(ref: Ref, request: Request, visit: Changing, session: Session) -> Response:
    """Withdraw the case, unless somebody changed it since the page was opened."""
    visit.principal.require(Permission.CASES_POST)
    asked, errors = forms.read(CaseWithdraw, forms.only(visit.form, "reason"))
    if asked is None:
        return await _shown(visit, session, ref, "cases/withdrawal.html", errors)
    intake: Intake = request.app.state.intake
    if_match = Precondition.parse(visit.form.get("version", ""))
    try:
        await cases.withdraw_case(
            session,
            visit.principal,
            intake,
            ref,
            if_match=if_match,
            reason=asked.reason,
            now=visit.now,
        )
    except PreconditionFailedError:  # raised before the first statement that writes
        return await _shown(visit, session, ref, "cases/withdrawal.html", {}, is_behind=True)
    return visit.redirect("/cases", "case-withdrawn")


@router.get(CASE + "/hold", **page(Permission.CASES_OVERSEE))
async def show_hold(ref: Ref, visit: Reading, session: Session) -> Response:
    """Say what follows when a case is held, or when its hold is lifted."""
    visit.principal.require(Permission.CASES_OVERSEE)
    return await _shown(visit, session, ref, "cases/hold.html", {})


@router.post(CASE + "/hold", dependencies=THEN_FINISH, **page(Permission.CASES_OVERSEE))
async def hold_case(ref: Ref, request: Request, visit: Changing, session: Session) -> Response:
    """Put the case under legal hold."""
    visit.principal.require(Permission.CASES_OVERSEE)
    asked, errors = forms.read(HoldSet, forms.only(visit.form, "reason"))
    if asked is None:
        return await _shown(visit, session, ref, "cases/hold.html", errors)
    intake: Intake = request.app.state.intake
    try:
        await holds.hold_case(session, visit.principal, intake, ref, asked, now=visit.now)
    except ReasonRefusedError as error:  # nothing was stored yet
        return await _shown(visit, session, ref, "cases/hold.html", forms.refused(error))
    return visit.redirect(f"/cases/{'/'.join(ref)}", "case-held")


@router.post(CASE + "/hold/lift", **page(Permission.CASES_OVERSEE))
async def lift_hold(ref: Ref, visit: Changing, session: Session) -> Response:
    """Lift the legal hold of the case."""
    await holds.lift_hold(session, visit.principal, ref, now=visit.now)
    return visit.redirect(f"/cases/{'/'.join(ref)}", "case-hold-lifted")


async def _shown(
    visit: Visit,
    session: Session,
    ref: tuple[str, str],
    template: str,
    errors: dict[str, str],
    *,
    is_behind: bool = False,
) -> Response:
    return visit.page(
        template,
        status=PreconditionFailedError.status if is_behind else 422 if errors else 200,
        case=await cases.read_case(session, visit.principal, *ref),
        is_behind=is_behind,
        errors=errors,
        form=visit.form,
    )
