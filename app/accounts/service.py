import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import CLIENT_SCOPES, Permission
from app.access.principal import Principal
from app.accounts import queries
from app.accounts.errors import (
    CredentialKeyError,
    CredentialNotFoundError,
    InvalidClientError,
    InvalidGrantError,
)
from app.accounts.models import ClientCredential, SpentAssertion
from app.accounts.schemas import AccessTokenRead
from app.audit import service as audit
from app.core import jwt
from app.core.ids import new_id
from app.core.jwt import JwtError
from app.core.settings import RegistrySettings
from app.offices import queries as offices

ASSERTION_LEEWAY: Final = timedelta(seconds=jwt.LEEWAY_SECONDS)


async def add_client_credential(
    session: AsyncSession,
    principal: Principal,
    office_code: str,
    public_jwk: Mapping[str, Any],
    *,
    label: str,
    now: datetime,
    scopes: Sequence[str] = CLIENT_SCOPES,
) -> UUID:
    """Register the public key of an office's machine client and return its client id.

    Raises:
        MissingScopeError: the caller is not the operator.
        OfficeNotFoundError: no office has this code.
        CredentialKeyError: not a public P-256 key.
    """
    principal.require(Permission.OFFICES_MANAGE)
    office = await offices.get_office(session, office_code)
    try:
        jwk = jwt.check_public_jwk(public_jwk)
    except JwtError:
        raise CredentialKeyError from None
    client_id = new_id()
    session.add(
        ClientCredential(
            id=client_id,
            office_id=office.id,
            label=label,
            public_jwk=jwk,
            scopes=list(scopes),
            created_at=now,
        )
    )
    await session.flush()  # constraints speak before the audit entry is written
    await audit.record(session, principal, "client_credential.added", str(client_id))
    return client_id


async def revoke_client_credential(
    session: AsyncSession, principal: Principal, client_id: UUID, *, now: datetime
) -> None:
    """End a client credential: at the registry with the next request, elsewhere in ten minutes.

    Raises:
        MissingScopeError: the caller is not the operator.
        CredentialNotFoundError: unknown, or revoked before.
    """
    principal.require(Permission.OFFICES_MANAGE)
    revoked = await session.scalar(
        update(ClientCredential)
        .where(ClientCredential.id == client_id, ClientCredential.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(ClientCredential.id)
    )
    if revoked is None:
        raise CredentialNotFoundError
    await audit.record(session, principal, "client_credential.revoked", str(client_id))


async def issue_access_token(
    session: AsyncSession,
    key: jwt.SigningKey,
    settings: RegistrySettings,
    assertion: str,
    *,
    scope: str | None,
    resource: str | None,
    now: datetime,
) -> AccessTokenRead:
    """Exchange a client assertion (RFC 7523) for an access token to one resource (RFC 8707).

    Raises:
        InvalidClientError: unknown or revoked client, bad signature, wrong audience, expired, or
            replayed.
        InvalidGrantError: a scope that the credential lacks, or an unknown resource.
    """
    client_id = await _spend_assertion(session, settings.issuer, assertion, now=now)
    standing = await queries.get_standing(session, client_id, now=now)
    if standing is None:
        raise InvalidClientError
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
) -> UUID:
    try:
        claimed, _kid = jwt.assertion_client(assertion)
        client_id = UUID(claimed)
        jwk = await queries.get_public_jwk(session, client_id)
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
    return client_id
