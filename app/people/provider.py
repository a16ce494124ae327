"""Signing in through the office's own identity provider: OpenID Connect, code flow with PKCE.

What must be remembered between the two halves is sealed in a cookie of the browser that began:
so a state works in that browser only, and only once.
"""

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.audit import service as audit
from app.core.db import transaction
from app.core.jwt import JwtError
from app.core.outbound import FetchError, check_url
from app.identifiers.encoding import b64u_decode, b64u_encode
from app.people import attempts, enrolment, passkeys, queries, service
from app.people.errors import (
    ProviderUnavailableError,
    SignInRefusedError,
)
from app.people.fetch import TIMEOUT, fetch_json
from app.people.gate import Caller, Gate
from app.people.id_tokens import IdClaims, verify_id_token
from app.people.models import Person
from app.people.schemas import ProviderAnswer, ProviderSignIn
from app.people.seal import SealError

LIFE: Final = timedelta(minutes=10)
TRIED_FOR: Final = timedelta(seconds=4)
"""How long the page that names a provider waits for it."""
_PURPOSE: Final = "provider-sign-in"
PATH: Final = "/sign-in/provider"
"""The page to which the provider sends the browser back."""


@dataclass(frozen=True)
class _Begun:
    """What the first half leaves for the second."""

    office: str
    issuer: str
    state: str
    nonce: str
    verifier: str
    enrolment_code: str | None


@dataclass(frozen=True)
class _Provider:
    """An office's provider as its discovery document describes it."""

    office_id: int
    office: str
    issuer: str
    client_id: str
    acr_values: list[str]
    document: dict[str, Any]


async def begin_sign_in(
    gate: Gate, body: ProviderSignIn, caller: Caller, *, now: datetime
) -> tuple[str, str]:
    """Return the provider's address for the browser, and the text for its cookie.

    Raises:
        ProviderNotFoundError: no such office, or it has no provider.
        ProviderUnavailableError: the provider does not say where to go.
        SignInRefusedError: the source is locked.
    """
    async with transaction(gate.sessions) as session:
        is_open = await attempts.count(session, caller.source, now=now)
    if not is_open:
        raise SignInRefusedError
    provider = await _discover(gate, body.office)
    begun = _Begun(
        office=provider.office,
        issuer=provider.issuer,
        state=_random(),
        nonce=_random(),
        verifier=_random(),
        enrolment_code=body.enrolment_code,
    )
    sealed = gate.seal.lend(_PURPOSE, json.dumps(asdict(begun)).encode(), until=now + LIFE)
    digest = hashlib.sha256(begun.verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": gate.origin + PATH,
        "scope": "openid",
        "state": begun.state,
        "nonce": begun.nonce,
        "code_challenge": b64u_encode(digest),
        "code_challenge_method": "S256",
        "acr_values": " ".join(provider.acr_values),
        "max_age": "0" if body.anew else str(int(queries.ABSOLUTE.total_seconds())),
    }
    address = _endpoint(gate, provider, "authorization_endpoint")
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}", b64u_encode(sealed)


async def finish_sign_in(
    gate: Gate, body: ProviderAnswer, cookie: str, caller: Caller, *, now: datetime
) -> str:
    """Begin the sign-in of whom the provider named; returns its secret.

    A subject that nobody is linked to is linked only to the person whose enrolment code the browser
    began with. Nobody is added.

    Raises:
        SignInRefusedError: for whatever reason; the audit says which.
        ProviderUnavailableError: the provider does not answer.
    """
    begun = await _take_begun(gate, body, cookie, now=now)
    provider = None if begun is None else await _discover(gate, begun.office)
    claims = None
    if begun is not None and provider is not None and provider.issuer == begun.issuer:
        claims = await _exchange(gate, provider, begun, body, now=now)
    secret = None
    async with transaction(gate.sessions) as session:
        person = None
        if claims is not None and begun is not None and provider is not None:
            person = await _whom(session, provider, begun, claims, now=now)
        if person is None or claims is None or person.disabled_at is not None:
            await service.record_refusal(session, caller, person, "provider")
        else:
            secret = await service.begin_sign_in(
                session,
                person,
                "provider",
                caller,
                now=now,
                proved_at=datetime.fromtimestamp(claims.authenticated, UTC),
            )
            await attempts.give_back(session, caller.source)
    if secret is None:
        raise SignInRefusedError
    return secret


async def _take_begun(
    gate: Gate, body: ProviderAnswer, cookie: str, *, now: datetime
) -> _Begun | None:
    try:
        sealed = b64u_decode(cookie)
        text, until = gate.seal.take_back(_PURPOSE, sealed, now=now)
    except (SealError, ValueError):
        return None
    begun = _Begun(**json.loads(text))
    if not secrets.compare_digest(begun.state.encode(), body.state.encode()):
        return None
    if body.iss is not None and body.iss != begun.issuer:  # RFC 9207 section 2.4
        return None
    async with transaction(gate.sessions) as session:
        return begun if await passkeys.spend(session, sealed, until) else None


async def ask_whether_there(gate: Gate, principal: Principal, issuer: str) -> None:
    """Ask a provider that somebody names whether it is there and calls itself so.

    The audit has it first, in a transaction of its own: none waits for the answer.

    Raises:
        ProviderUnavailableError: it does not say so, for whatever reason.
    """
    detail = {"host": urlsplit(issuer).hostname}
    async with transaction(gate.sessions, principal) as session:
        await audit.record(
            session,
            principal,
            "identity_provider.asked",
            str(principal.office_id),
            detail=detail,
        )
    await _read_document(gate, issuer, within=TRIED_FOR)


async def _discover(gate: Gate, office_code: str) -> _Provider:
    """Return the office's provider with its discovery document, read anew.

    Sign-ins are rare, and what is not kept cannot be stale.
    """
    async with transaction(gate.sessions) as session:
        named, code = await queries.get_provider(session, office_code)
    document = await _read_document(gate, named.issuer)
    return _Provider(
        named.office_id, code, named.issuer, named.client_id, named.acr_values, document
    )


async def _read_document(gate: Gate, issuer: str, *, within: timedelta = TIMEOUT) -> dict[str, Any]:
    url = issuer.rstrip("/") + "/.well-known/openid-configuration"
    document = await _fetch(gate, url, within=within)
    if document.get("issuer") != issuer:  # OpenID Connect Discovery 1.0 section 4.3
        raise ProviderUnavailableError
    return document


async def _exchange(
    gate: Gate, provider: _Provider, begun: _Begun, body: ProviderAnswer, *, now: datetime
) -> IdClaims | None:
    """Return what the provider says of who signed in, None when it is not good enough."""
    is_named = provider.document.get("authorization_response_iss_parameter_supported") is True
    if is_named and body.iss is None:
        return None
    form = {
        "grant_type": "authorization_code",
        "code": body.code,
        "redirect_uri": gate.origin + PATH,
        "client_id": provider.client_id,
        "code_verifier": begun.verifier,
    }
    secret = gate.provider_secret(provider.office, provider.issuer)
    basic = None if secret is None else (quote(provider.client_id), quote(secret))
    try:
        given = await fetch_json(
            _endpoint(gate, provider, "token_endpoint"),
            allow_loopback=gate.allow_loopback_providers,
            form=form,
            basic=basic,
        )
    except FetchError:
        return None  # most likely the code is wrong, used, or not for this verifier
    jwks = await _fetch(gate, _endpoint(gate, provider, "jwks_uri"))
    try:
        claims = verify_id_token(
            str(given.get("id_token")),
            jwks,
            issuer=provider.issuer,
            audience=provider.client_id,
            nonce=begun.nonce,
            now=int(now.timestamp()),
        )
    except JwtError:
        return None
    oldest = int((now - queries.ABSOLUTE).timestamp())
    return claims if claims.acr in provider.acr_values and claims.authenticated > oldest else None


async def _whom(
    session: AsyncSession, provider: _Provider, begun: _Begun, claims: IdClaims, *, now: datetime
) -> Person | None:
    """Return the person with this subject, locked; by its enrolment code it is linked first."""
    link = provider.issuer, claims.subject
    known = await queries.get_person_by_subject(session, provider.office_id, *link)
    if known is not None:
        person = await queries.lock_person(session, known.id)
        # an administrator may have taken the link away while the lock was waited for
        return person if person and (person.issuer, person.subject) == link else None
    if begun.enrolment_code is None:
        return None
    digest = enrolment.digest_of(begun.enrolment_code)
    invited = await queries.get_person_by_enrolment(session, digest, now=now)
    if invited is None or invited.office_id != provider.office_id:
        return None
    person = await queries.lock_person(session, invited.id)
    if person is None or person.enrolment_digest != digest:
        return None
    enrolment.spend(person)
    person.issuer, person.subject = link
    return person


def _endpoint(gate: Gate, provider: _Provider, name: str) -> str:
    address = str(provider.document.get(name))
    try:
        check_url(address, allow_loopback=gate.allow_loopback_providers)
    except FetchError:
        raise ProviderUnavailableError from None
    return address


async def _fetch(gate: Gate, url: str, *, within: timedelta = TIMEOUT) -> dict[str, Any]:
    try:
        return await fetch_json(url, allow_loopback=gate.allow_loopback_providers, within=within)
    except FetchError:
        raise ProviderUnavailableError from None


def _random() -> str:
    return b64u_encode(secrets.token_bytes(32))
