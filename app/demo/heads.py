"""Unit heads of the demo, who sign in as their pages would: code, notice, authenticator app."""

import base64
import secrets
from collections.abc import Sequence
from typing import Final

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.demo.matter import Seat
from app.offices import queries as offices
from app.people import administration, totp
from app.people.admin_schemas import PersonAdd
from app.people.deps import COOKIE, CSRF_HEADER

ACCOUNT: Final = "unit.head"


async def add_heads(session: AsyncSession, codes: Sequence[str]) -> dict[str, str]:
    """Add a unit head to each office; return the codes to enrol with, by office."""
    enrolment = {}
    for code in codes:
        office = await offices.get_office(session, code)
        head = PersonAdd(account=ACCOUNT, name="Unit Head (demo)", roles=(Role.LEADERSHIP,))
        added = await administration.add_person(session, OPERATOR, office.id, head, now=utc_now())
        enrolment[code] = added.code or ""
    return enrolment


async def sit_down(registry: str, office: str, code: str) -> Seat:
    """Sign a unit head in at the registry for the first time, and return its seat."""
    http = httpx.AsyncClient(base_url=registry, headers={"Origin": registry}, timeout=30)
    password = secrets.token_urlsafe(24)
    await _send(http, "POST", "sign-in/enrolment", {"code": code, "password": password})
    notice = (await _send(http, "GET", "banner")).json()
    await _send(http, "PUT", "sign-in/banner", {"sha256": notice["sha256"]})
    offer = (await _send(http, "GET", "me/totp")).json()
    secret = base64.b32decode(offer["secret"])
    proof = totp.code_at(secret, totp.step_at(utc_now()))
    await _send(http, "PUT", "me/totp", {"offer": offer["offer"], "code": proof})
    return Seat(office, http, http)


async def _send(
    http: httpx.AsyncClient, method: str, path: str, body: object = None
) -> httpx.Response:
    """Send a request and keep what comes back: the page's token, and the cookie.

    The cookie is for HTTPS only, which the demo's address is not, so it is sent by hand.
    """
    answer = await http.request(method, f"/v1/{path}", json=body)
    answer.raise_for_status()
    if COOKIE in answer.cookies:
        http.headers["Cookie"] = f"{COOKIE}={answer.cookies[COOKIE]}"
    found = answer.json().get("sign_in", answer.json())
    if "csrf_token" in found:
        http.headers[CSRF_HEADER] = found["csrf_token"]
    return answer
