"""The machine clients of an office: where they may call from, their keys, their end."""

from ipaddress import ip_network
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import CLIENT_SCOPES, Permission
from app.accounts import machines
from app.accounts.errors import (
    ClientKeyError,
    KeyExistsError,
    KeyNotFoundError,
    LastKeyError,
    TooManyKeysError,
)
from app.accounts.schemas import MOST_NETWORKS, Kid, MachineAdd
from app.core.deps import Session
from app.web import forms
from app.web.deps import Changing, Note, Reading, page
from app.web.pages import PageRoute, Visit

router = APIRouter(route_class=PageRoute)
_MANAGE: Final = page(Permission.CLIENTS_MANAGE)
_NETWORKS: Final = "At most 32, one on each line, such as 192.0.2.0/24 or 2001:db8::/32."
_KEY: Final = "Paste the whole public key that joinder client init printed."


@router.get("/machines", **_MANAGE)
async def show_machines(visit: Reading, session: Session) -> Response:
    """Show which machines of the office call the registry, and with how many keys."""
    found = await machines.list_machines(session, visit.principal)
    return visit.page("office/machines.html", machines=found)


@router.get("/machines/new", **_MANAGE)
async def show_new_machine(visit: Reading) -> Response:
    """Show the form that registers a machine client."""
    visit.principal.require(Permission.CLIENTS_MANAGE)
    first = {f"scope-{scope}": "on" for scope in CLIENT_SCOPES}
    return _new_machine(visit, first, {})


def _new_machine(
    visit: Visit, form: dict[str, str], errors: dict[str, str], status: int = 200
) -> Response:
    return visit.page(
        "office/new_machine.html", status=status, form=form, errors=errors, scopes=CLIENT_SCOPES
    )


@router.post("/machines/new", **_MANAGE)
async def add_machine(visit: Changing, session: Session) -> Response:
    """Register a machine client by its public key."""
    networks, errors = _networks(visit)
    key = _key(visit)
    scopes = [scope for scope in CLIENT_SCOPES if f"scope-{scope}" in visit.form]
    sent = {"scopes": scopes, "networks": networks, "public_jwk": key or {}}
    body, wrong = forms.read(MachineAdd, forms.only(visit.form, "label") | sent)
    errors |= wrong | ({} if key else {"public_jwk": _KEY})
    if body is None or errors:
        return _new_machine(visit, visit.form, errors, 422)
    try:
        client_id = await machines.add_machine(session, visit.principal, body, now=visit.now)
    except ClientKeyError:  # nothing was stored yet
        return _new_machine(visit, visit.form, {"public_jwk": _KEY}, 422)
    return visit.redirect(f"/machines/{client_id}", "machine-added")


def _networks(visit: Visit) -> tuple[list[str], dict[str, str]]:
    """Return the networks that the form lists, or what is wrong with them."""
    try:
        found = [str(ip_network(line)) for line in visit.form.get("networks", "").split()]
    except ValueError:
        found = [""]
    if "" in found or len(found) > MOST_NETWORKS:
        return [], {"networks": _NETWORKS}
    return found, {}


def _key(visit: Visit) -> dict[str, str] | None:
    """Return the public key that the form holds, None if it is none."""
    found = forms.json_object(visit.form, "public_jwk")
    is_key = found is not None and all(isinstance(each, str) for each in found.values())
    return found if is_key else None


@router.get("/machines/{client_id}", **_MANAGE)
async def show_machine(
    client_id: UUID,
    visit: Reading,
    session: Session,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show one machine client, its keys, and from where it may call."""
    return await _machine(visit, session, client_id, {})


async def _machine(
    visit: Visit, session: Session, client_id: UUID, errors: dict[str, str]
) -> Response:
    machine = await machines.read_machine(session, visit.principal, client_id)
    return visit.page(
        "office/machine.html",
        status=422 if errors else 200,
        machine=machine,
        live=[key for key in machine.keys if key.ended_at is None],
        form=visit.form if errors else {"networks": "\n".join(machine.networks)},
        errors=errors,
    )


@router.post("/machines/{client_id}/networks", **_MANAGE)
async def limit_machine(client_id: UUID, visit: Changing, session: Session) -> Response:
    """Say from which networks a client may call; none means any."""
    networks, errors = _networks(visit)
    if errors:
        return await _machine(visit, session, client_id, errors)
    await machines.limit_machine(session, visit.principal, client_id, networks, now=visit.now)
    return visit.redirect(f"/machines/{client_id}", "machine-changed")


@router.post("/machines/{client_id}/keys", **_MANAGE)
async def add_key(client_id: UUID, visit: Changing, session: Session) -> Response:
    """Add a second key, beside the one in use."""
    errors = {"public_jwk": _KEY}
    if key := _key(visit):
        try:
            await machines.add_key(session, visit.principal, client_id, key, now=visit.now)
            return visit.redirect(f"/machines/{client_id}", "machine-changed")
        except ClientKeyError:
            pass  # nothing was stored yet, here and below
        except (KeyExistsError, TooManyKeysError) as error:
            errors = {"public_jwk": error.default_detail}
    return await _machine(visit, session, client_id, errors)


@router.get("/machines/{client_id}/keys/{kid}", **_MANAGE)
async def show_end_key(client_id: UUID, kid: Kid, visit: Reading, session: Session) -> Response:
    """Ask whether a key is to end."""
    machine = await machines.read_machine(session, visit.principal, client_id)
    live = [key.kid for key in machine.keys if key.ended_at is None]
    if kid not in live or machine.revoked_at is not None:
        raise KeyNotFoundError
    if len(live) == 1:
        raise LastKeyError
    return visit.page("office/end_machine.html", machine=machine, kid=kid)


@router.post("/machines/{client_id}/keys/{kid}", **_MANAGE)
async def end_key(client_id: UUID, kid: Kid, visit: Changing, session: Session) -> Response:
    """End one of a client's two keys."""
    await machines.end_key(session, visit.principal, client_id, kid, now=visit.now)
    return visit.redirect(f"/machines/{client_id}", "machine-changed")


@router.get("/machines/{client_id}/end", **_MANAGE)
async def show_revoke(client_id: UUID, visit: Reading, session: Session) -> Response:
    """Ask whether a client is to end."""
    machine = await machines.read_machine(session, visit.principal, client_id)
    return visit.page("office/end_machine.html", machine=machine, kid="")


@router.post("/machines/{client_id}/end", **_MANAGE)
async def revoke_machine(client_id: UUID, visit: Changing, session: Session) -> Response:
    """End a client for good."""
    await machines.revoke_machine(session, visit.principal, client_id, now=visit.now)
    return visit.redirect(f"/machines/{client_id}", "machine-changed")
