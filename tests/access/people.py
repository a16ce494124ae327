"""People at the registry, signed in with password and authenticator app, as their pages are."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from app.access.vocabulary import Role
from app.people.deps import CSRF_HEADER
from tests.factories import ISSUER, OfficeClient, Registry
from tests.people.browsers import make_person
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
    """Return a person of the office who gave a second factor so long ago."""
    someone = await make_person(registry, *roles, office=office.code)
    browser = await someone.enrol()
    await someone.register_app(browser)
    if minutes_ago:
        await registry.rows(
            "UPDATE sign_ins SET proved_at = proved_at - CAST(:past AS interval)"
            " WHERE person_id = :id RETURNING id",
            past=timedelta(minutes=minutes_ago),
            id=someone.key,
        )
    browser.http.headers.update({"Origin": ISSUER, CSRF_HEADER: browser.csrf})
    return Person(someone.key, browser.http)


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
