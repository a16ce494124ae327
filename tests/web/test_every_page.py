"""Every page that the application has, in every state: axe finds nothing, a phone shows all of it.

Which pages there are its routes say: one that nobody gets to see here fails the test.
"""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page

from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.people import totp
from tests.people.authenticator import Authenticator
from tests.web.chromium import MISSING, PLACE
from tests.web.looking import AXE, Looker
from tests.web.places import READ
from tests.web.screenshots import (
    ADMINISTRATOR,
    AUDITOR,
    DEPUTY,
    STATE,
    Demo,
    sign_in,
)
from tests.web.traces import (
    CASE,
    answer_and_withdraw,
    be_told,
    check_list,
    check_somebody,
    hold_and_approve,
    href,
    leave_traces,
    of_each_state,
    oversee_state,
    send,
    use_webhook,
    work_jointly,
)

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(PLACE is None, reason=MISSING),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: make vendor"),
]

BARE: Final = "DEMO-NONE"
"""An office that has posted nothing and signed nothing."""
ROLES: Final = [Role(role) for role in Role if role not in {Role.CLIENT, Role.OPERATOR}]
PASSWORD: Final = "seven green bicycles asleep"
TERMS: Final = "agreement", "terms"
"""The forms of an agreement, which only some overlaps and requests lead to."""
STATES: Final = (
    *("/overlaps?case=none", "/overlaps?turn=settled&band=possible", "/state?of=waiting"),
    *("/readings?case=none", "/grants?shown=withdrawn", "/audit?since=never", "/nowhere"),
    *("/insights?measure=origin&by=month&category=sting", f"{CASE}/access?office=DEMO-FIR"),
    *("/people/none", "/matters?state=ended&role=lead", "/cases/cms/26-CR-0290"),
)
"""What no link leads to, and what is refused."""
FOR_ALL: Final = {"/notices", "/notices/settings"}
"""What takes a permission that each role has."""
_SEND_PASSKEY: Final = """(credential) => {
  const form = document.querySelector("form[action='/account/passkeys']");
  form.elements.label.value = "Laptop";
  form.elements.credential.value = credential;
  form.submit();
}"""


def test_has_nothing_that_axe_finds_and_fits_a_phone(
    shown: Demo, browser: Browser, scratch: Path
) -> None:
    looker, url = Looker(), shown.url
    stranger = _page(browser)
    looker.walk(stranger, f"{url}/sign-in")
    looker.open(stranger, f"{url}/sign-in/provider?state=x")
    looker.send_empty(stranger)
    looker.open(stranger, f"{url}/sign-in?note=expired")

    administrator = _page(browser)
    sign_in(administrator, url, ADMINISTRATOR)
    _register(looker, administrator, f"{url}/sign-in/again?next=/people/new")
    for role in ROLES:
        administrator.locator(f"label[for=role-{role}]").click()
    send(administrator, {"name": "Every Role", "account": "every.role"}, "Invite and make a code")
    looker.look(administrator)

    everyone = _page(browser)
    _enrol(looker, everyone, url, administrator.locator("code.j-secret").inner_text())
    for path in (f"{CASE}/hold", "/office/commitments", "/people/new", "/account"):
        looker.open(everyone, url + path)  # as it is before there is a second factor
    looker.look_at_dialogs(everyone)
    codes = _register(looker, everyone, f"{url}/sign-in/again?next=/office")
    _come_back(looker, everyone, f"{url}/sign-in", codes[0])
    codes = _add_passkey(everyone, url)
    leave_traces(looker, everyone, url, scratch)
    coordinator = _page(browser)
    sign_in(coordinator, url, STATE)
    be_told(looker, everyone, coordinator, url)
    oversee_state(looker, coordinator, url)
    check_somebody(looker, everyone, url)
    check_list(looker, everyone, url)
    looker.walk(everyone, f"{url}/overlaps?turn=all")
    for path in (*STATES, *of_each_state(everyone, url)):
        looker.open(everyone, url + path)
        for link in (everyone.locator(f"main a[href$='/{form}']") for form in TERMS):
            if link.count():
                looker.open(everyone, url + href(link))
    # a proof lasts five minutes for some of the forms, which a slow machine needs till here
    _come_back(looker, everyone, f"{url}/sign-in", codes[0])
    work_jointly(looker, everyone, url)
    hold_and_approve(looker, everyone, url)
    looker.send_empty(everyone)
    use_webhook(looker, administrator, url)
    looker.walk(administrator, f"{url}/webhooks")
    owner = _page(browser)
    sign_in(owner, url, "Sela Whitlock")
    answer_and_withdraw(looker, everyone, owner, url)

    nobody = _page(browser)
    _enrol(looker, nobody, url, _bare_office(shown))
    looker.walk(nobody, f"{url}/overlaps")

    deputy, auditor = _page(browser), _page(browser)
    sign_in(deputy, url, DEPUTY)
    sign_in(auditor, url, AUDITOR)
    for page in (administrator, deputy, auditor):
        looker.try_doors(page)

    assert looker.found == [], "\n".join(looker.found)
    assert {place.path for place in READ} <= set(looker.seen)
    assert {place.path for place in READ if place.is_for_some} <= looker.refused | FOR_ALL


def _page(browser: Browser) -> Page:
    context = browser.new_context()
    context.set_default_timeout(60_000)  # of a machine that does much else
    return context.new_page()


def _enrol(looker: Looker, page: Page, url: str, code: str) -> None:
    """Use a one-time code, and acknowledge the notice."""
    page.goto(f"{url}/sign-in/enrolment")
    send(page, {"code": code, "password": PASSWORD}, "Set the password and sign in")
    looker.open(page, f"{url}/sign-in/notice")
    send(page, {}, "I acknowledge this notice")


def _register(looker: Looker, page: Page, address: str) -> list[str]:
    """Register an authenticator app on the way to a page, and return its recovery codes."""
    looker.open(page, address)
    secret = base64.b32decode(page.locator(".j-secret code").inner_text())
    send(page, {"code": totp.code_at(secret, totp.step_at(utc_now()))}, "Register the app")
    looker.look(page)
    codes = page.locator(".j-codes code").all_inner_texts()
    page.get_by_role("link", name="I have kept them").click()
    return codes


def _come_back(looker: Looker, page: Page, address: str, code: str) -> None:
    """Sign out and in again, with a recovery code as the second factor."""
    page.get_by_role("button", name="Sign out").click()
    looker.open(page, address)
    fields = {"office": "DEMO-CEDAR", "account": "every.role", "password": PASSWORD}
    send(page, fields, "Sign in")
    send(page, {}, "I acknowledge this notice")
    looker.open(page, f"{address}/second-factor")
    send(page, {"recovery_code": code}, "Use the recovery code")


def _add_passkey(page: Page, url: str) -> list[str]:
    """Add a passkey of an invented device: browsers make none for an address of digits.

    Returns the new recovery codes.
    """
    options = page.request.get(f"{url}/v1/me/passkeys").json()["public_key"]
    page.goto(f"{url}/account")
    with page.expect_navigation():
        page.evaluate(_SEND_PASSKEY, json.dumps(Authenticator(url).create(options)))
    return page.locator(".j-codes code").all_inner_texts()


def _bare_office(shown: Demo) -> str:
    """Add an office that has nothing, with one person, and return their one-time code."""
    contact = ("--contact-title", "Duty", "--contact-phone", "+1 415 555 0100")
    mail = ("--contact-email", "duty@example.com")
    roles = [part for role in ROLES for part in ("--role", role)]
    _operate(shown, "office", "add", BARE, "--name", "None", "--state", "NV", *contact, *mail)
    said = _operate(shown, "person", "add", BARE, "any.role", "--name", "Any Role", *roles)
    return said.split()[0]


def _operate(shown: Demo, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli.main", *words],
        env={**os.environ, "JOINDER_HOME": shown.home},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
