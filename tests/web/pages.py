"""People at the pages: forms found in the HTML, filled in and sent as a browser sends them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import asyncpg
import httpx
from sqlalchemy import event

from app.access.vocabulary import Role
from tests.access.people import sign_in
from tests.factories import ISSUER, OfficeClient, Registry


@dataclass
class Form:
    """A form of a page, with what it would send as it stands."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class PageReader(HTMLParser):
    """Reads from a page its forms, its links, and what a strict policy would refuse."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.inline: list[str] = []
        self.tags: list[str] = []
        self.instants: list[str] = []
        """What each instant of the page says on hover."""
        self.said: list[str] = []
        """What people read of it, piece by piece."""
        self._named: dict[str, Form] = {}
        self._elsewhere: list[tuple[str, str, str]] = []
        self.feed(text)
        for form, name, value in self._elsewhere:
            if form in self._named:
                self._named[form].fields[name] = value

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        if tag == "time" and "T" in given.get("datetime", ""):
            self.instants.append(given.get("title", ""))
        if tag == "a":
            self.links.append(given.get("href", ""))
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
            self._named[given.get("id", "")] = self.forms[-1]
        if tag == "input" and "name" in given and (self.forms or "form" in given):
            is_chosen = given.get("type") not in {"radio", "checkbox"} or "checked" in given
            if is_chosen and "form" in given:
                self._elsewhere.append((given["form"], given["name"], given.get("value", "")))
            elif is_chosen:
                self.forms[-1].fields[given["name"]] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        self.said.append(data)

    def forms_to(self, ending: str) -> list[Form]:
        """Return the forms whose action ends so, in the order of the page."""
        return [form for form in self.forms if form.action.endswith(ending)]

    def form(self, ending: str) -> Form:
        """Return the one form whose action ends so."""
        (found,) = self.forms_to(ending)
        return found


@dataclass
class Reader:
    """Somebody of an office, signed in, who opens pages and sends their forms."""

    http: httpx.AsyncClient

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page."""
        return await self.http.get(path, headers=headers)

    async def page(self, path: str) -> PageReader:
        """Open a page that is there, and read it."""
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        return PageReader(answer.text)

    async def send(self, form: Form, **fields: Any) -> httpx.Response:
        """Send a form with these fields filled in besides."""
        return await self.post(form.action, {**form.fields, **fields})

    async def post(self, path: str, fields: dict[str, Any], **headers: str) -> httpx.Response:
        """Send fields as a form of ours would; no redirect is followed."""
        sent = {"Origin": ISSUER, "Sec-Fetch-Site": "same-origin", **headers}
        return await self.http.post(path, data=fields, headers=sent)


async def reader(registry: Registry, office: OfficeClient, *roles: Role) -> Reader:
    """Return somebody of the office, signed in with both factors."""
    person = await sign_in(registry, office, *roles)
    for name in ("Origin", "X-CSRF-Token"):
        person.http.headers.pop(name, None)  # a page sends what its form has, and no more
    return Reader(person.http)


@contextmanager
def statements(registry: Registry) -> Iterator[list[str]]:
    """Yield a list that grows by each SQL statement that the registry sends, of whatever layer.

    The driver does not log what SQLAlchemy has it prepare, so that one is asked, too.
    """
    engine = registry.app.state.sessions.kw["bind"].sync_engine
    seen: list[str] = []

    def log(record: asyncpg.connection.LoggedQuery) -> None:
        seen.append(record.query)

    def lent(connection: Any, *_: object) -> None:
        connection.driver_connection.add_query_logger(log)

    def returned(connection: Any, *_: object) -> None:
        connection.driver_connection.remove_query_logger(log)

    def prepared(_: object, __: object, statement: str, *___: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", prepared)
    event.listen(engine, "checkout", lent)
    event.listen(engine, "checkin", returned)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", prepared)
        event.remove(engine, "checkout", lent)
        event.remove(engine, "checkin", returned)
