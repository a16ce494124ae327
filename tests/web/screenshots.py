"""Pictures of every page with the demo's invented data: `make screenshots`.

python -m tests.web.screenshots [--url URL] [--into DIRECTORY]; without a URL it starts a demo.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from playwright.sync_api import Browser, Page

from tests.web.chromium import browsing

ROOT: Final = Path(__file__).parents[2]
WIDTHS: Final = {"wide": (1280, 900), "phone": (390, 844)}
MEASURED: Final = 600
"""Of so many records per office the odds of a match are about those of a state."""

LONG: Final = "queue"
"""The page of which the README shows what is on the screen at first."""

DEPUTY, HEAD, STATE = "Renata Okafor", "Tomas Lindqvist", "Celia Montrose"
ADMINISTRATOR, AUDITOR = "Yvette Castellan", "Otis Barnaby"
OFFICES_PAGES: Final = {
    DEPUTY: {
        "contacts": "/contact-requests",
        "second-looks": "/second-looks",
        "check": "/cases/cms/26-CR-0207/check",
        "check-list": "/cases/cms/26-CR-0207/check/list",
        "network": "/cases/cms/26-CR-0207/network",
        "matters": "/matters",
        "advice": "/infusion",
        "question": "/infusion/new",
        "notices": "/notices",
        "told": "/notices/settings",
        "account": "/account",
        "help": "/help",
    },
    HEAD: {
        "readings": "/readings",
        "grants": "/grants",
        "emergencies": "/glass-breaks",
        "office": "/office",
        "offices": "/offices",
        "allowances": "/quotas",
        "suppressions": "/suppressions",
        "commitment": "/office/commitments",
        "participation": "/office/agreement",
        "access": "/cases/cms/24-CR-0931/access?office=DEMO-FIR",
    },
    ADMINISTRATOR: {
        "people": "/people",
        "invite": "/people/new",
        "machines": "/machines",
        "machine-new": "/machines/new",
        "webhooks": "/webhooks",
        "contact": "/office/contacts/backup",
        "provider": "/office/provider",
    },
    AUDITOR: {
        "alarms": "/alarms",
        "audit": "/audit",
        "access-review": "/access-review",
        "runs": "/runs",
    },
    STATE: {"state": "/state", "agenda": "/agenda", "insights": "/insights"},
}
"""What an office asks, looks back at, counts and administers, by who opens it."""


class Demo(NamedTuple):
    """A small demo that runs."""

    url: str
    home: str
    """What JOINDER_HOME is to an operator's command."""


@contextmanager
def demo(records: int = 10) -> Iterator[Demo]:
    """Yield a demo of its own."""
    with tempfile.TemporaryDirectory(prefix="joinder-pages-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o711)  # the server's account passes through it
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli.main", "demo", "--records", str(records)],
            env={**os.environ, "JOINDER_HOME": home},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if found := re.search(r"pages are at (\S+);", line):
                    yield Demo(found[1], f"{home}/demo")
                    break
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


def sign_in(page: Page, url: str, name: str) -> None:
    """Sign in as one of the demo's people, by its card, and acknowledge the notice.

    It is an error where somebody gave the person a second factor before.
    """
    page.goto(f"{url}/sign-in")
    page.get_by_role("button", name=name).click()
    page.get_by_role("button", name="I acknowledge").click()
    page.wait_for_url(lambda reached: not reached.endswith(("/sign-in", "/sign-in/notice")))
    assert "/sign-in" not in page.url, f"{name} is asked for a second factor"


def open_overlap(page: Page, url: str, number: str, office: str) -> None:
    """Open the overlap of a case with an office, both as the list names them."""
    page.goto(f"{url}/overlaps?case={number}")
    page.get_by_role("row", name=office).first.locator(".j-row").click()


def fill_case(page: Page) -> None:
    """Fill the form of a case with an invented person."""
    page.get_by_label("System").fill("cms")
    page.get_by_label("Case number").fill("26-CR-0412")
    page.get_by_label("Type").select_option("labor")
    page.get_by_label("Stage").select_option("charged")
    page.get_by_label("Given name").fill("Alex")
    page.get_by_label("Last name").fill("Samplemann")
    page.get_by_label("Date of birth").fill("1990-02-03")
    page.get_by_label("Value").fill("+1 415 555 0142")


def take_office(fresh: Callable[[], Page], shoot: Callable[[Page, str], None], url: str) -> None:
    """Take what an office asks, looks back at and administers."""
    for person, pages in OFFICES_PAGES.items():
        visitor = fresh()
        sign_in(visitor, url, person)
        for name, path in pages.items():
            visitor.goto(url + path)
            shoot(visitor, name)


def take(browser: Browser, url: str, into: Path, size: str) -> None:
    """Take every page at one width."""
    width, height = WIDTHS[size]

    def shoot(page: Page, name: str) -> None:
        path = into / f"{name}-{size}.png"
        page.screenshot(path=path, full_page=name != LONG, animations="disabled")

    def fresh() -> Page:
        context = browser.new_context(viewport={"width": width, "height": height})
        return context.new_page()

    page = fresh()
    page.goto(f"{url}/sign-in")
    shoot(page, "sign-in")
    page.get_by_role("button", name=DEPUTY).click()
    shoot(page, "notice")
    page.get_by_role("button", name="I acknowledge").click()
    page.goto(f"{url}/overlaps")
    shoot(page, "queue")
    page.goto(f"{url}/overlaps?turn=settled&band=possible&case=none")
    shoot(page, "queue-empty")
    page.goto(f"{url}/overlaps/retracted")
    shoot(page, "retracted")
    open_overlap(page, url, "24-CR-0931", "Dogwood")
    shoot(page, "overlap")
    open_overlap(page, url, "26-CR-0261", "Fir")
    shoot(page, "look-alike")
    page.get_by_role("link", name="Draft an agreement").click()
    page.get_by_role("button", name="Keep the draft").wait_for()
    shoot(page, "agreement")
    open_overlap(page, url, "26-CR-0290", "Local prosecutor")
    shoot(page, "pointer")
    page.goto(f"{url}/cases")
    shoot(page, "cases")
    page.goto(f"{url}/cases/cms/26-CR-0207")
    shoot(page, "case")
    page.goto(f"{url}/cases/new")
    fill_case(page)
    page.get_by_role("button", name="Show who could see it").click()
    page.get_by_role("heading", name="Who could see this case").wait_for()
    shoot(page, "post")
    page.goto(f"{url}/handling")
    shoot(page, "handling")
    head = fresh()
    sign_in(head, url, HEAD)
    head.goto(f"{url}/handling")
    head.get_by_role("row", name="Your office was asked").first.locator(".j-row").click()
    shoot(head, "request")
    head.goto(f"{url}/matters")
    head.locator(".j-row").last.click()
    shoot(head, "matter")
    take_office(fresh, shoot, url)


def main() -> None:
    """Take every page at both widths."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url")
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "screenshots")
    chosen = parser.parse_args()
    chosen.into.mkdir(parents=True, exist_ok=True)
    with browsing() as browser:
        if chosen.url:
            for size in WIDTHS:
                take(browser, chosen.url, chosen.into, size)
        else:
            with demo(MEASURED) as (url, _):
                for size in WIDTHS:
                    take(browser, url, chosen.into, size)


if __name__ == "__main__":
    main()
