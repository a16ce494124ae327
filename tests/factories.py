"""The registry in the test's process, and offices that talk to it through HTTP."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, Self
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from app.access.permissions import CLIENT_SCOPES
from app.access.principal import Principal
from app.core.clock import utc_now
from app.core.db import (
    JOBS,
    Sessions,
    async_url,
    create_engine,
    create_sessions,
    driver,
    transaction,
)
from app.core.ids import new_id
from app.core.jwt import public_jwk
from app.core.settings import RegistrySettings
from app.main import create_bare_app, prepare
from app.offices.schemas import AgreementSign, OfficeKind
from tests.blinding import case, person
from tests.documented import check_headers

ISSUER = "https://registry.test"
# $1 code, $2 kind, $3 whether it takes part, $4 client id, $5 scopes, $6 key id, $7 key
_ADD_OFFICE: Final = """
WITH office AS (
  INSERT INTO offices (code, name, kind, state, contact_title, contact_phone, contact_email,
    mail_domain, created_at)
  VALUES ($1::text, 'Office ' || $1, $2, left($1, 2), 'Duty deputy', '555-0100',
    lower($1) || '@example.com', 'example.com', now())
  RETURNING id
), agreement AS (
  INSERT INTO participation_agreements (office_id, version, signatory, signed_on, effective_on)
  SELECT id, '2026-1', 'District Attorney', '2026-01-05', '2026-01-06' FROM office WHERE $3::boolean
), credential AS (
  INSERT INTO client_credentials (id, office_id, label, scopes, networks, created_at, expires_on)
  SELECT $4::uuid, id, 'test', $5::text[], '{}', now(), current_date + 730 FROM office
), key AS (
  INSERT INTO client_keys (client_id, kid, public_jwk, added_at)
  VALUES ($4::uuid, $6, $7::jsonb, now())
)
INSERT INTO audit_entries (action, office_id, actor, object, recipients, detail, request_id)
SELECT action, office_id, 'operator', object, '{}', '{}', ''
FROM office, LATERAL (VALUES ('office.added', 0, $1), ('agreement.signed', id, $1),
  ('client_credential.added', 0, $4::uuid::text)) AS done (action, office_id, object)
WHERE $3 OR action <> 'agreement.signed'
"""


@dataclass
class OfficeClient:
    """One office's machine client with a valid access token."""

    code: str
    client_id: str
    http: httpx.AsyncClient

    async def put_case(
        self, external_id: str = "24-1", body: Mapping[str, Any] | None = None
    ) -> httpx.Response:
        """Put a case; by default one person."""
        return await self.http.put(f"/v1/cases/cms/{external_id}", json=body or case(person()))

    async def overlaps(self) -> list[dict[str, Any]]:
        """Return all overlaps that the office sees."""
        response = await self.http.get("/v1/overlaps", params={"limit": 100})
        assert response.status_code == 200, response.text
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    async def say(
        self, overlap_id: str, verdict: str, reason: str | None = None, etag: str | None = None
    ) -> httpx.Response:
        """Give a verdict on an overlap, by default on the version that stands."""
        path = f"/v1/overlaps/{overlap_id}"
        if etag is None:
            etag = (await self.http.get(path)).headers.get("ETag", '"0"')
        return await self.http.put(
            f"{path}/verdict",
            json={"verdict": verdict, "reason": reason},
            headers={"If-Match": etag},
        )

    async def request_handling(
        self, overlap_id: str, kind: str = "consult", key: str | None = None
    ) -> httpx.Response:
        """Ask the other office a question."""
        return await self.http.post(
            f"/v1/overlaps/{overlap_id}/handling-requests",
            json={"kind": kind},
            headers={"Idempotency-Key": key or uuid4().hex},
        )

    async def answer(
        self, request_id: str, body: Mapping[str, Any], etag: str = '"1"', key: str | None = None
    ) -> httpx.Response:
        """Answer a request for joint handling."""
        return await self.http.post(
            f"/v1/handling-requests/{request_id}/answers",
            json=body,
            headers={"Idempotency-Key": key or uuid4().hex, "If-Match": etag},
        )


class Registry:
    """The application over one database, without the evaluator."""

    def __init__(self, app: FastAPI, operator: Sessions, behind: Sessions) -> None:
        """Take the application, sessions of the operator, and such that see behind the service."""
        self.app = app
        self.operator = operator
        self.behind = behind

    @classmethod
    @asynccontextmanager
    async def started(cls, url: str, keys: Path, **settings: Any) -> AsyncIterator[Self]:
        """Yield a registry whose engine is closed at the end."""
        cheap = {"password_memory_kib": 8, "password_passes": 1}
        chosen: dict[str, Any] = {"public_url": ISSUER, "pool_size": 10, **cheap, **settings}
        built = RegistrySettings(database_url=SecretStr(url), keys=keys, **chosen)
        engine = create_engine(url, pool_size=built.pool_size)
        operator = create_engine(url, pool_size=5, role=JOBS)
        behind = create_async_engine(async_url(url))
        app = create_bare_app()
        app.state.settings = built
        try:
            await prepare(app, built, engine)
            yield cls(app, create_sessions(operator), create_sessions(behind))
        finally:
            for each in (engine, operator, behind):
                await each.dispose()

    @asynccontextmanager
    async def acting(self, principal: Principal) -> AsyncIterator[AsyncSession]:
        """Yield a session in a transaction that acts for `principal`, as a request's does."""
        async with transaction(self.app.state.sessions, principal) as session:
            yield session

    def http(self, **headers: str) -> httpx.AsyncClient:
        """Return an HTTP client of the application."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(
            transport=transport,
            base_url=ISSUER,
            headers=headers,
            event_hooks={"response": [check_headers]},
        )

    async def add_office(
        self,
        code: str,
        *,
        is_participating: bool = True,
        kind: OfficeKind = "local",
        jwk: Mapping[str, Any] | None = None,
    ) -> OfficeClient:
        """Add an office with a machine client, and by default an agreement in force.

        Its rows are what the services leave, whose own tests walk that way: most tests begin here.
        """
        key, client_id = jwk or some_key(), new_id()
        async with transaction(self.behind) as session:
            await (await driver(session)).execute(
                _ADD_OFFICE,
                *(code, kind, is_participating, client_id, list(CLIENT_SCOPES)),
                *(key["kid"], json.dumps(key)),
            )
        return self.client(code, str(client_id))

    def client(self, code: str, client_id: str, scopes: str | None = None) -> OfficeClient:
        """Return a client of an office with an access token made by the registry's own key."""
        everything = (
            "cases:post cases:read overlaps:read overlaps:judge tokens:evaluate"
            " handling:read handling:request handling:answer offices:read"
            " grants:read grants:give state-overlaps:read suppressions:manage"
            " defendant-feed:read infusion:read infusion:ask infusion:answer"
        )
        token = self.app.state.signing_key.mint_access(
            issuer=ISSUER,
            audience=ISSUER,
            client_id=client_id,
            scopes=(everything if scopes is None else scopes).split(),
            jti=uuid4().hex,
            now=int(utc_now().timestamp()),
        )
        return OfficeClient(code, client_id, self.http(Authorization=f"Bearer {token}"))

    async def rows(self, sql: str, **values: Any) -> list[Any]:
        """Return rows of a query, for looking behind the service."""
        async with transaction(self.behind) as session:
            return list((await session.execute(text(sql), values)).all())

    async def audit(self, action: str) -> list[dict[str, Any]]:
        """Return the audit entries of an action, oldest first."""
        rows = await self.rows(
            "SELECT row_to_json(a)::text FROM audit_entries a WHERE action = :action ORDER BY id",
            action=action,
        )
        return [json.loads(row[0]) for row in rows]


@cache
def some_key() -> dict[str, str]:
    """Return a public key that nobody has the private one of."""
    return public_jwk(ec.generate_private_key(ec.SECP256R1()).public_key())


def agreement(**changes: Any) -> AgreementSign:
    """Return a participation agreement that is in force."""
    fields = {
        "version": "2026-1",
        "signatory": "District Attorney",
        "signed_on": date(2026, 1, 5),
        "effective_on": date(2026, 1, 6),
    }
    return AgreementSign.model_validate({**fields, **changes})
