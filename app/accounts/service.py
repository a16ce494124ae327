import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import CLIENT_SCOPES, Permission
from app.access.principal import Principal
from app.accounts import machines, queries
from app.accounts.errors import (
    ClientNotFoundError,
    InvalidClientError,
    InvalidGrantError,
    KeyNotFoundError,
    LastKeyError,
)
from app.accounts.models import Client, SpentAssertion
from app.accounts.schemas import AccessTokenRead, ClientKeyRead
from app.audit import service as audit
from app.core import jwt
from app.core.deps import Address
from app.core.ids import new_id
from app.core.settings import RegistrySettings
from app.offices import queries as offices

ASSERTION_LEEWAY: Final = timedelta(seconds=jwt.LEEWAY_SECONDS)


async def add_client(
    session: AsyncSession,
    principal: Principal,
    office_code: str,
    public_jwk: Mapping[str, Any],
    *,
    label: str,
    now: datetime,
    scopes: Sequence[str] = CLIENT_SCOPES,
    networks: Sequence[str] = (),
) -> UUID:
    """Register the public key of an office's machine client and return its client id.

    Args:
        session: The transaction.
        principal: The operator.
        office_code: Whose client it is.
        public_jwk: Its first key.
        label: What runs there.
        now: When.
        scopes: What it may do.
        networks: Where it may call from, in CIDR notation; empty means anywhere.

    Raises:
        MissingScopeError: the caller is not the operator.
        OfficeNotFoundError: no office has this code.
        ClientKeyError: not a public P-256 key.
    """
    principal.require(Permission.OFFICES_MANAGE)
    office = await offices.get_office(session, office_code)
    return await machines.register(
        session,
        principal,
        office.id,
        public_jwk,
        label=label,
        scopes=scopes,
        networks=networks,
        now=now,
    )


async def revoke_client(
    session: AsyncSession, principal: Principal, client_id: UUID, *, now: datetime
) -> None:
    """End a machine client: at the registry with the next request, elsewhere in five minutes.

    Raises:
        MissingScopeError: the caller is not the operator.
        ClientNotFoundError: unknown, or revoked before.
    """
    principal.require(Permission.OFFICES_MANAGE)
    office_id = await _change(session, client_id, {"revoked_at": now})
    await audit.record_of_office(
        session, principal, office_id, "client_credential.revoked", str(client_id)
    )


async def renew_client(
    session: AsyncSession, principal: Principal, client_id: UUID, *, expires_on: date, now: datetime
) -> None:
    """Say until when a client counts, also one that has expired, or that nobody used.

    Raises:
        MissingScopeError: the caller is not the operator.
        ClientPeriodError: not after today, or more than two years ahead.
        ClientNotFoundError: unknown or revoked.
    """
    principal.require(Permission.OFFICES_MANAGE)
    machines.check_end(expires_on, now=now)
    values = {"expires_on": expires_on, "counted_from": now.date()}
    office_id = await _change(session, client_id, values)
    detail = {"expires_on": expires_on.isoformat()}
    await audit.record_of_office(
        session, principal, office_id, "client_credential.renewed", str(client_id), detail=detail
    )


async def limit_client(
    session: AsyncSession, principal: Principal, client_id: UUID, *, networks: Sequence[str]
) -> None:
    """Say from which networks a client may call from its next request on; none means any.

    Raises:
        MissingScopeError: the caller is not the operator.
        ClientNotFoundError: unknown or revoked.
    """
    principal.require(Permission.OFFICES_MANAGE)
    office_id = await _change(session, client_id, {"networks": list(networks)})
    detail = {"networks": len(networks)}
    await audit.record_of_office(
        session, principal, office_id, "client_credential.limited", str(client_id), detail=detail
    )


async def _change(session: AsyncSession, client_id: UUID, values: dict[str, Any]) -> int:
    """Change a client that is not revoked; return its office."""
    office_id: int | None = await session.scalar(
        update(Client)
        .where(Client.id == client_id, Client.revoked_at.is_(None))
        .values(**values)
        .returning(Client.office_id)
    )
    if office_id is None:
        raise ClientNotFoundError
    return office_id


async def add_own_key(
    session: AsyncSession,
    principal: Principal,
    issuer: str,
    assertion: str,
    public_jwk: Mapping[str, Any],
    *,
    now: datetime,
) -> ClientKeyRead:
    """Add a second key to the calling client.

    An access token alone is not enough: whoever finds one must not make it last.

    Raises:
        InvalidClientError: `assertion` is not a fresh one of this client.
        ClientKeyError: not a public P-256 key.
        TooManyKeysError, KeyExistsError: see errors.py.
    """
    await _require_own(session, principal, issuer, assertion, now=now)
    client_id = _client_of(principal)
    return await machines.insert_key(session, principal, client_id, public_jwk, now=now)


async def end_own_key(
    session: AsyncSession,
    principal: Principal,
    issuer: str,
    assertion: str,
    kid: str,
    *,
    now: datetime,
) -> ClientKeyRead:
    """End one of the calling client's two keys, by an assertion of the other.

    Raises:
        InvalidClientError: `assertion` is not a fresh one of this client.
        KeyNotFoundError: no live key has this `kid`.
        LastKeyError: the assertion is signed with that very key.
    """
    signed_with = await _require_own(session, principal, issuer, assertion, now=now)
    client_id = _client_of(principal)
    live = {key.kid: key for key in await queries.list_live_keys(session, client_id)}
    if kid not in live:
        raise KeyNotFoundError
    if kid == signed_with:
        raise LastKeyError
    live[kid].ended_at = now
    await session.flush()  # the row is written before its audit entry
    await audit.record(session, principal, "client_key.ended", str(client_id), detail={"kid": kid})
    return ClientKeyRead(kid=kid, added_at=live[kid].added_at, ended_at=now)


async def _require_own(
    session: AsyncSession, principal: Principal, issuer: str, assertion: str, *, now: datetime
) -> str:
    """Return the `kid` that signed a fresh assertion of the calling client."""
    client_id, kid = await _spend_assertion(session, issuer, assertion, now=now)
    if client_id != principal.client_id:
        raise InvalidClientError
    return kid


def _client_of(principal: Principal) -> UUID:
    if principal.client_id is None:
        raise InvalidClientError
    return principal.client_id


async def issue_access_token(
    session: AsyncSession,
    key: jwt.SigningKey,
    settings: RegistrySettings,
    assertion: str,
    address: Address | None,
    *,
    scope: str | None,
    resource: str | None,
    now: datetime,
) -> AccessTokenRead:
    """Exchange a client assertion (RFC 7523) for an access token to one resource (RFC 8707).

    Raises:
        InvalidClientError: unknown or revoked client, another network than its own, bad signature,
            wrong audience, expired, or replayed.
        InvalidGrantError: a scope that the client lacks, or an unknown resource.
    """
    client_id, _ = await _spend_assertion(session, settings.issuer, assertion, now=now)
    standing = await queries.get_standing(session, client_id, address, now=now)
    if standing is None:
        raise InvalidClientError
    await queries.note_use(session, now.date())
    asked = scope.split() if scope else standing.scopes
    if not asked or not set(asked) <= set(standing.scopes):
        raise InvalidGrantError("invalid_scope")
    audience = resource or settings.issuer
    if audience != settings.issuer:
        raise InvalidGrantError("invalid_target")
    principal = Principal(
        f"client:{client_id}", standing.office_id, frozenset(), client_id=client_id
    )
    await audit.record(session, principal, "access_token.issued", audience)
    token = key.mint_access(
        issuer=settings.issuer,
        audience=audience,
        client_id=str(client_id),
        scopes=asked,
        jti=new_id().hex,
        now=int(now.timestamp()),
    )
    return AccessTokenRead(access_token=token, expires_in=jwt.ACCESS_SECONDS, scope=" ".join(asked))


async def _spend_assertion(
    session: AsyncSession, issuer: str, assertion: str, *, now: datetime
) -> tuple[UUID, str]:
    """Return the client and the key of an assertion that is good and was not used before."""
    try:
        claimed, kid = jwt.assertion_client(assertion)
        client_id = UUID(claimed)
        jwk = await queries.get_public_jwk(session, client_id, kid)
        if jwk is None:
            raise InvalidClientError
        jti, expires = jwt.verify_assertion(
            assertion, jwk, client_id=claimed, audience=issuer, now=int(now.timestamp())
        )
    except ValueError:
        raise InvalidClientError from None
    await session.execute(
        delete(SpentAssertion).where(
            SpentAssertion.client_id == client_id, SpentAssertion.expires_at < now
        )
    )
    fresh = await session.scalar(
        insert(SpentAssertion)
        .values(
            client_id=client_id,
            jti_digest=hashlib.sha256(jti.encode()).digest(),
            expires_at=datetime.fromtimestamp(expires, UTC) + ASSERTION_LEEWAY,
        )
        .on_conflict_do_nothing()
        .returning(SpentAssertion.client_id)
    )
    if fresh is None:
        raise InvalidClientError
    return client_id, kid
