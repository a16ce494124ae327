"""What of an office takes the operator too: its identity provider, its agreement."""

from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Response

from app.access.permissions import Permission
from app.core.deps import Session
from app.offices import own as offices
from app.offices.schemas import AgreementSign
from app.people import directory, provider, provider_setting
from app.people.deps import CurrentGate, require_complete
from app.people.errors import ProviderSettingError
from app.proposals import own, service
from app.proposals.schemas import ProviderName
from app.web import forms
from app.web.deps import ArrivingForm, Changing, Note, Reading, page
from app.web.pages import PageRoute, Visit

router = APIRouter(route_class=PageRoute)
_AGREEMENT: Final = "/office/agreement"
_PROVIDER: Final = "/office/provider"
_SIGNS, _SETS = Permission.AGREEMENTS_SIGN, Permission.PROVIDERS_SET
_LASTS: Final = timedelta(days=365)


async def _waiting(visit: Visit, session: Session, action: str) -> dict[str, Any]:
    """Return what waits for the operator, with whom it names and what approves it."""
    found = await service.list_waiting(session, visit.principal, action=action, now=visit.now)
    return {
        "waiting": [
            (waits, service.change_of(made), service.read_id(made), service.digest_of(made))
            for waits in found
            for made in [waits.proposal]
        ],
        "people": await directory.list_colleagues(session, visit.principal),
    }


@router.get(_PROVIDER, **page(_SETS))
async def show_provider(
    visit: Reading,
    session: Session,
    gate: CurrentGate,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show how people of the office sign in, and the form that proposes another provider."""
    visit.principal.require(_SETS)
    named = await provider_setting.read_provider(session, visit.principal)
    form = {}
    if named is not None:
        form = {"issuer": named.issuer, "client_id": named.client_id}
        form["acr_values"] = "\n".join(named.acr_values)
    return await _provider(visit, session, gate, form, {})


async def _provider(
    visit: Visit,
    session: Session,
    gate: CurrentGate,
    form: dict[str, str],
    errors: dict[str, str],
) -> Response:
    return visit.page(
        "office/provider.html",
        status=422 if errors else 200,
        named=await provider_setting.read_provider(session, visit.principal),
        redirect=gate.origin + provider.PATH,
        form=form,
        errors=errors,
        **await _waiting(visit, session, "set_provider"),
    )


async def answering_provider(
    visit: ArrivingForm, gate: CurrentGate
) -> tuple[ProviderName | None, dict[str, str]]:
    """Return the provider that a form names, asked before the request's transaction, and errors."""
    require_complete(visit.signed)
    visit.principal.require(_SETS)
    sent: dict[str, Any] = forms.only(visit.form, "issuer", "client_id")
    sent["acr_values"] = tuple(visit.form.get("acr_values", "").split())
    body, errors = forms.read(ProviderName, sent)
    if body is not None:
        try:
            await own.ask_provider(gate, visit.principal, body, now=visit.now)
        except ProviderSettingError as error:
            errors = {"issuer" if body.acr_values else "acr_values": error.detail}
    return body, errors


@router.post(_PROVIDER, **page(_SETS))
async def propose_provider(
    answering: Annotated[
        tuple[ProviderName | None, dict[str, str]], Depends(answering_provider)
    ],  # first: nothing holds a connection to the database meanwhile
    visit: Changing,
    session: Session,
    gate: CurrentGate,
) -> Response:
    """Propose a provider that answers; the operator must agree."""
    body, errors = answering
    if body is None or errors:
        return await _provider(visit, session, gate, visit.form, errors)
    await own.propose_provider(session, visit.principal, body, now=visit.now)
    return visit.redirect(_PROVIDER, "proposed")


@router.get(_AGREEMENT, **page(_SIGNS))
async def show_agreement(
    visit: Reading,
    session: Session,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show the form with which a unit head signs, or renews, the participation agreement."""
    visit.principal.require(_SIGNS)
    standing = await offices.read_standing(session, visit.principal, now=visit.now)
    today = visit.today
    latest = next(iter(standing.agreements), None)
    begins = max(today, latest.ends_on) if latest and latest.ends_on else today
    form = {"effective_on": begins.isoformat(), "ends_on": _year_after(begins)}
    return await _agreement(visit, session, form | ({"version": latest.version} if latest else {}))


def _year_after(day: date) -> str:
    return (day + _LASTS).isoformat()


async def _agreement(
    visit: Visit, session: Session, form: dict[str, str], errors: dict[str, str] | None = None
) -> Response:
    return visit.page(
        "office/agreement.html",
        status=422 if errors else 200,
        form=form,
        errors=errors or {},
        **await _waiting(visit, session, "sign_agreement"),
    )


@router.post(_AGREEMENT, **page(_SIGNS))
async def sign_agreement(visit: Changing, session: Session) -> Response:
    """Sign for the office; it counts when the operator has countersigned."""
    visit.principal.require(_SIGNS)
    sent = forms.only(visit.form, "version", "signatory", "effective_on", "ends_on")
    today = visit.today.isoformat()
    body, errors = forms.read(AgreementSign, {**sent, "signed_on": today})
    if body is None:
        return await _agreement(visit, session, visit.form, errors)
    await own.sign_agreement(session, visit.principal, body, now=visit.now)
    return visit.redirect(_AGREEMENT, "agreement-waits")
