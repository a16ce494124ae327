"""The machine clients of an office, as its administrators manage them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.errors import MissingScopeError
from app.access.permissions import Permission
from app.access.principal import Principal
from app.accounts import queries
from app.accounts.errors import (
    ClientKeyError,
    ClientNotFoundError,
    ClientPeriodError,
    KeyExistsError,
    KeyNotFoundError,
    LastKeyError,
    TooManyKeysError,
)
from app.accounts.models import Client, ClientKey
from app.accounts.schemas import ClientKeyRead, MachineAdd, MachineRead
from app.audit import service as audit
from app.core import jwt
from app.core.ids import new_id
from app.core.jwt import JwtError

LIVE_KEYS: Final = 2
"""Keys that a client signs with at a time: the one in use and its successor."""
LASTS: Final = timedelta(days=730)
"""How long a client counts unless the operator says less: nobody looks at what never ends, and
keys outlive who made them. The database bounds it too."""


async def list_machines(session: AsyncSession, principal: Principal) -> list[MachineRead]:
    """Return the machine clients of the caller's office, oldest first, with their keys.

    Raises:
        MissingScopeError: the caller lacks `clients:manage`.
    """
    principal.require(Permission.CLIENTS_MANAGE)
    found = await queries.list_clients(session, principal.office_id)
    keys: dict[UUID, list[ClientKeyRead]] = defaultdict(list)
    for key in await queries.list_keys(session, [client.id for client in found]):
        keys[key.client_id].append(
            ClientKeyRead(kid=key.kid, added_at=key.added_at, ended_at=key.ended_at)
        )
    return [
        MachineRead(
            client_id=str(client.id),
            label=client.label,
            scopes=client.scopes,
            created_at=client.created_at,
            expires_on=client.expires_on,
            last_used_on=client.last_used_on,
            revoked_at=client.revoked_at,
            networks=[str(network) for network in client.networks],
            keys=keys[client.id],
        )
        for client in found
    ]


async def read_machine(session: AsyncSession, principal: Principal, client_id: UUID) -> MachineRead:
    """Return one machine client of the caller's office.

    Raises:
        MissingScopeError: the caller lacks `clients:manage`.
        ClientNotFoundError: absent, or of another office.
    """
    for machine in await list_machines(session, principal):
        if machine.client_id == str(client_id):
            return machine
    raise ClientNotFoundError


async def add_machine(
    session: AsyncSession, principal: Principal, body: MachineAdd, *, now: datetime
) -> UUID:
    """Register a machine client of the caller's office; return its client id.

    Raises:
        MissingScopeError: the caller lacks `clients:manage`.
        StepUpNeededError: the second factor is not recent.
        ClientKeyError: not a public P-256 key.
    """
    _require_managing(principal, now=now)
    return await register(
        session,
        principal,
        principal.office_id,
        body.public_jwk,
        label=body.label,
        scopes=body.scopes,
        networks=[str(network) for network in body.networks],
        now=now,
    )


async def register(
    session: AsyncSession,
    principal: Principal,
    office_id: int,
    public_jwk: Mapping[str, Any],
    *,
    label: str,
    scopes: Sequence[str],
    networks: Sequence[str],
    now: datetime,
) -> UUID:
    """Store a client with its first key for a caller that may; return its client id.

    Raises:
        ClientKeyError: not a public P-256 key.
    """
    jwk = _checked(public_jwk)
    client_id = new_id()
    session.add(
        Client(
            id=client_id,
            office_id=office_id,
            label=label,
            scopes=list(scopes),
            networks=list(networks),
            created_at=now,
            expires_on=now.date() + LASTS,
            counted_from=now.date(),
        )
    )
    await session.flush()  # the key refers to the client
    session.add(ClientKey(client_id=client_id, kid=jwk["kid"], public_jwk=jwk, added_at=now))
    await session.flush()  # constraints speak before the audit entry is written
    await audit.record_of_office(
        session, principal, office_id, "client_credential.added", str(client_id)
    )
    return client_id


async def limit_machine(
    session: AsyncSession,
    principal: Principal,
    client_id: UUID,
    networks: Sequence[str],
    *,
    now: datetime,
) -> None:
    """Say from which networks a client may call from its next request on; none means any.

    Raises:
        MissingScopeError, StepUpNeededError: as above.
        ClientNotFoundError: absent, revoked, or of another office.
    """
    _require_managing(principal, now=now)
    await _change(session, principal, client_id, {"networks": list(networks)})
    detail = {"networks": len(networks)}
    await audit.record(
        session, principal, "client_credential.limited", str(client_id), detail=detail
    )


async def revoke_machine(
    session: AsyncSession, principal: Principal, client_id: UUID, *, now: datetime
) -> None:
    """End a client: at the registry with the next request, at the evaluator in five minutes.

    Raises:
        MissingScopeError, StepUpNeededError, ClientNotFoundError: as above.
    """
    _require_managing(principal, now=now)
    await _change(session, principal, client_id, {"revoked_at": now})
    await audit.record(session, principal, "client_credential.revoked", str(client_id))


async def add_key(
    session: AsyncSession,
    principal: Principal,
    client_id: UUID,
    public_jwk: Mapping[str, Any],
    *,
    now: datetime,
) -> None:
    """Add a second key to a client, beside the one in use.

    Raises:
        MissingScopeError, StepUpNeededError, ClientKeyError: as above.
        ClientNotFoundError: absent, revoked, or of another office.
        TooManyKeysError, KeyExistsError: see errors.py.
    """
    _require_managing(principal, now=now)
    await _own(session, principal, client_id)
    await insert_key(session, principal, client_id, public_jwk, now=now)


async def insert_key(
    session: AsyncSession,
    principal: Principal,
    client_id: UUID,
    public_jwk: Mapping[str, Any],
    *,
    now: datetime,
) -> ClientKeyRead:
    """Store a second key of a client for a caller that may.

    Raises:
        ClientKeyError: not a public P-256 key.
        ClientNotFoundError: unknown or revoked.
        TooManyKeysError, KeyExistsError: see errors.py.
    """
    jwk = _checked(public_jwk)
    live = {key.kid for key in await queries.list_live_keys(session, client_id)}
    if jwk["kid"] not in live and len(live) >= LIVE_KEYS:
        raise TooManyKeysError
    added = await session.scalar(
        insert(ClientKey)
        .values(client_id=client_id, kid=jwk["kid"], public_jwk=jwk, added_at=now)
        .on_conflict_do_nothing()
        .returning(ClientKey.kid)
    )
    if added is None:
        raise KeyExistsError
    detail = {"kid": jwk["kid"]}
    await audit.record(session, principal, "client_key.added", str(client_id), detail=detail)
    return ClientKeyRead(kid=jwk["kid"], added_at=now, ended_at=None)


async def end_key(
    session: AsyncSession, principal: Principal, client_id: UUID, kid: str, *, now: datetime
) -> None:
    """End one of a client's two keys.

    Raises:
        MissingScopeError, StepUpNeededError, ClientNotFoundError: as above.
        KeyNotFoundError: no live key has this `kid`.
        LastKeyError: it is the only one; revoke the client instead.
    """
    _require_managing(principal, now=now)
    await _own(session, principal, client_id)
    live = {key.kid: key for key in await queries.list_live_keys(session, client_id)}
    if kid not in live:
        raise KeyNotFoundError
    if len(live) == 1:
        raise LastKeyError
    live[kid].ended_at = now
    await session.flush()  # the row is written before its audit entry
    await audit.record(session, principal, "client_key.ended", str(client_id), detail={"kid": kid})


def check_end(expires_on: date, *, now: datetime) -> None:
    """Refuse what is no end for a client that counts now.

    Raises:
        ClientPeriodError: not after today, or more than `LASTS` ahead.
    """
    if not now.date() < expires_on <= now.date() + LASTS:
        raise ClientPeriodError


def _require_managing(principal: Principal, *, now: datetime) -> None:
    principal.require(Permission.CLIENTS_MANAGE)
    if principal.person_id is None:
        raise MissingScopeError
    principal.require_step_up(now)


async def _own(session: AsyncSession, principal: Principal, client_id: UUID) -> None:
    if client_id not in {
        each.id for each in await queries.list_clients(session, principal.office_id)
    }:
        raise ClientNotFoundError


async def _change(
    session: AsyncSession, principal: Principal, client_id: UUID, values: dict[str, Any]
) -> None:
    changed = await session.scalar(
        update(Client)
        .where(
            Client.id == client_id,
            Client.office_id == principal.office_id,
            Client.revoked_at.is_(None),
        )
        .values(**values)
        .returning(Client.id)
    )
    if changed is None:
        raise ClientNotFoundError


def _checked(public_jwk: Mapping[str, Any]) -> dict[str, str]:
    try:
        return jwt.check_public_jwk(public_jwk)
    except JwtError:
        raise ClientKeyError from None
