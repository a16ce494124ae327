"""Pages that a registry of the tests answered, kept to be looked at in a browser."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import pytest
from playwright.sync_api import Page, Route

from tests.factories import ISSUER, Registry
from tests.web.chromium import MISSING, PLACE, browsing
from tests.web.looking import AXE, Looker
from tests.web.pages import PageReader, Reader

Test = TypeVar("Test", bound=Callable[..., Any])


def looked_at(test: Test) -> Test:
    """Mark a test that looks at an album: it is long, and skipped without what it takes."""
    why = MISSING if PLACE is None else "axe-core is not installed: make vendor"
    marked: Test = pytest.mark.skipif(PLACE is None or not AXE.exists(), reason=why)(test)
    pytest.mark.long(marked)
    return marked


@dataclass
class Album:
    """What pages were, in states that did not last."""

    kept: list[httpx.Response] = field(default_factory=list)

    async def keep(self, visitor: Reader, address: str, *said: str) -> PageReader:
        """Keep a page as it is now, which says this, and return it."""
        return self.add(await visitor.get(address), *said)

    def add(self, answer: httpx.Response, *said: str) -> PageReader:
        """Keep an answer, which says this, and return it."""
        assert [each for each in said if each not in answer.text] == [], answer.text
        self.kept.append(answer)
        return PageReader(answer.text)

    async def look(self, registry: Registry) -> list[str]:
        """Return what is wrong with what was kept."""
        loop, http = asyncio.get_running_loop(), registry.http()

        def fetch(path: str) -> httpx.Response:
            return asyncio.run_coroutine_threadsafe(http.get(path), loop).result(60)

        return await asyncio.to_thread(self._look, fetch)

    def _look(self, fetch: Callable[[str], httpx.Response]) -> list[str]:
        looker = Looker()
        with browsing() as browser:
            page = browser.new_page()
            for answer in self.kept:
                _answer_with(page, answer, fetch)
                page.goto(str(answer.request.url))
                looker.look(page)
                page.unroute_all()
        return looker.found


def _answer_with(
    page: Page, answer: httpx.Response, fetch: Callable[[str], httpx.Response]
) -> None:
    def respond(route: Route) -> None:
        is_page = route.request.resource_type == "document"
        got = answer if is_page else fetch(route.request.url.removeprefix(ISSUER))
        names = ("content-type", "content-security-policy")
        headers = {name: got.headers[name] for name in names if name in got.headers}
        route.fulfill(status=got.status_code, headers=headers, body=got.content)

    page.route("**/*", respond)
