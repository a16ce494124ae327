"""People with browsers: the JSON operations as the pages will call them."""

import base64
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final
from uuid import UUID

import httpx

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import parse_public_id
from app.offices import queries as offices
from app.people import administration, totp
from app.people.admin_schemas import PersonAdd
from app.people.deps import COOKIE, CSRF_HEADER
from tests.factories import ISSUER, Registry
from tests.scenes import make_offices

ORIGIN: Final = ISSUER
PASSWORD: Final = "seven green bicycles asleep"
_NUMBERS: Final = count(1)


@dataclass
class Browser:
    """One browser at an address of its own, which keeps its cookies and its page's token."""

    http: httpx.AsyncClient
    csrf: str = ""

    @classmethod
    def new(cls, registry: Registry, address: str | None = None) -> "Browser":
        """Return a browser nobody has used, by default at an address nobody else has."""
        number = next(_NUMBERS)
        at = address or f"198.18.{number // 250}.{number % 250}"
        transport = httpx.ASGITransport(registry.app, raise_app_exceptions=False, client=(at, 1))
        return cls(httpx.AsyncClient(transport=transport, base_url=ORIGIN))

    async def send(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        """Send what a page of the registry would; keep the token that comes back."""
        sent = {"Origin": ORIGIN, CSRF_HEADER: self.csrf, **headers}
        answer = await self.http.request(method, f"/v1{path}", json=body, headers=sent)
        if answer.is_success:
            found = answer.json().get("sign_in", answer.json())
            self.csrf = found.get("csrf_token", self.csrf)
        return answer

    async def get(self, path: str) -> dict[str, Any]:
        """Return what GET gives, which must succeed."""
        return await self.good("GET", path)

    async def good(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Send, check that it succeeds, return the body."""
        answer = await self.send(method, path, body)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def acknowledge(self) -> dict[str, Any]:
        """Acknowledge the notice."""
        notice = await self.get("/banner")
        return await self.good("PUT", "/sign-in/banner", {"sha256": notice["sha256"]})

    @property
    def cookie(self) -> str | None:
        """The sign-in's secret."""
        return self.http.cookies.get(COOKIE)


@dataclass
class Someone:
    """A person of an office, the code to enrol with, and what is known of its factors."""

    registry: Registry
    office: str
    account: str
    person_id: str
    code: str
    secret: bytes = b""
    recovery_codes: list[str] = field(default_factory=list)

    @property
    def key(self) -> UUID:
        """The person's key in the database."""
        found = parse_public_id("psn", self.person_id)
        assert found is not None
        return found

    def sign_in_body(self, password: str = PASSWORD) -> dict[str, str]:
        """Return the body of a sign-in with a password."""
        return {"office": self.office, "account": self.account, "password": password}

    async def enrol(self, browser: Browser | None = None, password: str = PASSWORD) -> Browser:
        """Use the code, acknowledge the notice."""
        used = browser or Browser.new(self.registry)
        await used.good("POST", "/sign-in/enrolment", {"code": self.code, "password": password})
        await used.acknowledge()
        return used

    async def register_app(self, browser: Browser) -> None:
        """Register an authenticator app."""
        offer = await browser.get("/me/totp")
        self.secret = base64.b32decode(offer["secret"])
        code = totp.code_at(self.secret, totp.step_at(utc_now()))
        body = {"offer": offer["offer"], "code": code}
        made = await browser.good("PUT", "/me/totp", body)
        self.recovery_codes = made["recovery_codes"]

    async def app_code(self) -> str:
        """Return a code of the app that was not used before, as if time had passed."""
        await self.registry.rows(
            "UPDATE persons SET totp_step = 0 WHERE id = :id RETURNING id", id=self.key
        )
        return totp.code_at(self.secret, totp.step_at(utc_now()))

    async def sign_in(self, browser: Browser | None = None) -> Browser:
        """Sign in whole, with the app if there is one."""
        used = browser or Browser.new(self.registry)
        await used.good("POST", "/sign-in", self.sign_in_body())
        await used.acknowledge()
        if self.secret:
            code = await self.app_code()
            await used.good("POST", "/sign-in/second-factor", {"totp": code})
        return used


async def make_person(
    registry: Registry, *roles: Role, office: str | None = None, **changes: Any
) -> Someone:
    """Return a new person, by default a prosecutor of a new office, not yet enrolled."""
    if office is None:
        (client,) = await make_offices(registry, 1)
        office = client.code
    account = f"person.{next(_NUMBERS)}"
    body = {"account": account, "name": "Alex Quillon", "roles": roles or (Role.PROSECUTOR,)}
    async with transaction(registry.operator) as session:
        found = await offices.get_office(session, office)
        made = await administration.add_person(
            session,
            OPERATOR,
            found.id,
            PersonAdd.model_validate({**body, **changes}),
            now=utc_now(),
        )
    return Someone(registry, office, account, made.person_id, made.code)


async def make_administrator(
    registry: Registry, office: str | None = None
) -> tuple[Someone, Browser]:
    """Return an administrator with an app, and the browser in which it has just signed in."""
    administrator = await make_person(registry, Role.ADMINISTRATOR, office=office)
    browser = await administrator.enrol()
    await administrator.register_app(browser)
    return administrator, browser
