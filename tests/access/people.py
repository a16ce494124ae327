"""People at the registry, signed in with password and authenticator app, as their pages are."""

from dataclasses import dataclass
from datetime import timedelta
from secrets import token_bytes
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx

from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import driver, transaction
from app.core.ids import new_id
from app.identifiers.encoding import b64u_encode
from app.people import sign_ins
from app.people.deps import COOKIE, CSRF_HEADER
from tests.factories import ISSUER, OfficeClient, Registry
from tests.people.browsers import Browser
from tests.scenes import Meeting

# $1 the person, $2 account, $3 roles, $4 now, $5 code of the office; $6 the sign-in, $7 its digest,
# $8 when the second factor was given
_SIGN_IN: Final = """
WITH person AS (
  INSERT INTO persons (id, office_id, account, name, roles, created_at, enabled_at, totp_sealed,
    totp_step, is_password_short, last_signed_in_at)
  SELECT $1, id, $2, 'Alex Quillon', $3::text[], $4::timestamptz, $4, 'never opened', 0, false, $4
  FROM offices WHERE code = $5
  RETURNING id
)
INSERT INTO sign_ins (id, digest, person_id, method, began_at, seen_at, proved_at, acknowledged_at)
SELECT $6, $7, id, 'password', $4, $4, $8::timestamptz, $4 FROM person
"""


@dataclass
class Person:
    """Someone of an office, with the browser that it is signed in with."""

    key: UUID
    http: httpx.AsyncClient

    async def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Send a request, a POST with a key of its own."""
        once = {"Idempotency-Key": uuid4().hex} if method == "POST" else {}
        return await self.http.request(method, path, json=body, headers=once)


async def sign_in(
    registry: Registry, office: OfficeClient, *roles: Role, minutes_ago: int = 0
) -> Person:
    """Return a person of the office who gave a second factor so long ago.

    Its rows are what the whole way leaves, which tests/people walk: here it would cost most.
    """
    now, key, browser = utc_now(), new_id(), Browser.new(registry)
    secret = b64u_encode(token_bytes(sign_ins.SECRET_BYTES))
    async with transaction(registry.behind) as session:
        await (await driver(session)).execute(
            _SIGN_IN,
            *(key, f"person.{key.hex}", [*(roles or (Role.PROSECUTOR,))], now, office.code),
            *(new_id(), sign_ins.digest_of(secret), now - timedelta(minutes=minutes_ago)),
        )
    browser.http.cookies.set(COOKIE, secret, domain=urlsplit(ISSUER).hostname or "", path="/")
    browser.http.headers.update({"Origin": ISSUER, CSRF_HEADER: sign_ins.csrf_token(secret)})
    return Person(key, browser.http)


async def handle_jointly(meeting: Meeting) -> None:
    """Let the first office ask, the second accept, and a unit head of each let its summary go."""
    asked = await meeting.first.request_handling(meeting.overlap_id)
    accepted = await meeting.second.answer(asked.json()["id"], {"answer": "accept"})
    assert accepted.status_code == 200, accepted.text
    for office in (meeting.first, meeting.second):
        await approve_summary(meeting, office)


async def approve_summary(meeting: Meeting, office: OfficeClient) -> None:
    """Let a unit head of the office approve the grant that waits."""
    lead = await sign_in(meeting.registry, office, Role.LEADERSHIP)
    path = "/v1/cases/cms/24-1/grants"
    grants = (await lead.send("GET", path)).json()["items"]
    (pending,) = [grant for grant in grants if grant["state"] == "pending"]
    body = {"digest": pending["digest"]}
    approved = await lead.send("POST", f"{path}/{pending['id']}/approvals", body)
    assert approved.json()["state"] == "in_force", approved.text
