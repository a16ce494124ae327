"""People at the registry, signed in with password and authenticator app, as their pages are."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text, update

from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.ids import new_id
from app.people import models, sign_ins
from app.people.deps import COOKIE, CSRF_HEADER
from tests.factories import ISSUER, OfficeClient, Registry
from tests.people.browsers import Browser
from tests.scenes import Meeting


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
    async with registry.behind.begin() as session:
        code = {"code": office.code}
        office_id = await session.scalar(text("SELECT id FROM offices WHERE code = :code"), code)
        person = models.Person(
            id=key,
            office_id=office_id,
            account=f"person.{key.hex}",
            name="Alex Quillon",
            roles=[*(roles or (Role.PROSECUTOR,))],
            created_at=now,
            enabled_at=now,
            totp_sealed=b"never opened",
        )
        session.add(person)
        await session.flush()  # the sign-in refers to it
        proved_at = now - timedelta(minutes=minutes_ago)
        secret = await sign_ins.add(session, person, "password", now=now, proved_at=proved_at)
        await session.execute(
            update(models.SignIn).values(acknowledged_at=now).where(models.SignIn.person_id == key)
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
