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
from playwright.sync_api import Browser, Locator, Page

from app.access.vocabulary import Role
from app.client.credentials import create_private_key, public_jwk
from app.core.clock import utc_now
from app.people import totp
from tests.people.authenticator import Authenticator
from tests.web.chromium import MISSING, PLACE
from tests.web.looking import AXE, OPEN_ALL, Looker
from tests.web.places import READ
from tests.web.screenshots import (
    ADMINISTRATOR,
    AUDITOR,
    DEPUTY,
    STATE,
    Demo,
    fill_case,
    sign_in,
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
CASE: Final = "/cases/cms/24-CR-0931"
LATER: Final = "2027-06-30"
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
OVERLAPS: Final = ("26-CR-0290", "26-CR-0261", "26-CR-0288", "26-CR-0320")
"""Cases with an overlap that is limited, settled, waiting, and asked about."""


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
    _send(administrator, {"name": "Every Role", "account": "every.role"}, "Invite and make a code")
    looker.look(administrator)

    everyone = _page(browser)
    _enrol(looker, everyone, url, administrator.locator("code.j-secret").inner_text())
    for path in (f"{CASE}/hold", "/office/commitments", "/people/new", "/account"):
        looker.open(everyone, url + path)  # as it is before there is a second factor
    looker.look_at_dialogs(everyone)
    codes = _register(looker, everyone, f"{url}/sign-in/again?next=/office")
    _come_back(looker, everyone, f"{url}/sign-in", codes[0])
    codes = _add_passkey(everyone, url)
    _leave_traces(looker, everyone, url, scratch)
    coordinator = _page(browser)
    sign_in(coordinator, url, STATE)
    _be_told(looker, everyone, coordinator, url)
    looker.walk(everyone, f"{url}/overlaps?turn=all")
    for path in (*STATES, *_of_each_state(everyone, url)):
        looker.open(everyone, url + path)
        for link in (everyone.locator(f"main a[href$='/{form}']") for form in TERMS):
            if link.count():
                looker.open(everyone, url + _href(link))
    # a proof lasts five minutes for some of the forms, which a slow machine needs till here
    _come_back(looker, everyone, f"{url}/sign-in", codes[0])
    looker.send_empty(everyone)
    looker.walk(administrator, f"{url}/webhooks")  # it may approve what another one added

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


def _send(page: Page, fields: dict[str, str], button: str) -> None:
    """Fill the fields of these ids and press the button."""
    page.evaluate(OPEN_ALL)
    for name, value in fields.items():
        found = page.locator(f"#{name}")
        if found.evaluate("field => field.tagName") == "SELECT":
            found.select_option(value)
        else:
            found.fill(value)
    with page.expect_navigation():
        page.get_by_role("button", name=button, exact=True).click()


def _enrol(looker: Looker, page: Page, url: str, code: str) -> None:
    """Use a one-time code, and acknowledge the notice."""
    page.goto(f"{url}/sign-in/enrolment")
    _send(page, {"code": code, "password": PASSWORD}, "Set the password and sign in")
    looker.open(page, f"{url}/sign-in/notice")
    _send(page, {}, "I acknowledge this notice")


def _register(looker: Looker, page: Page, address: str) -> list[str]:
    """Register an authenticator app on the way to a page, and return its recovery codes."""
    looker.open(page, address)
    secret = base64.b32decode(page.locator(".j-secret code").inner_text())
    _send(page, {"code": totp.code_at(secret, totp.step_at(utc_now()))}, "Register the app")
    looker.look(page)
    codes = page.locator(".j-codes code").all_inner_texts()
    page.get_by_role("link", name="I have kept them").click()
    return codes


def _come_back(looker: Looker, page: Page, address: str, code: str) -> None:
    """Sign out and in again, with a recovery code as the second factor."""
    page.get_by_role("button", name="Sign out").click()
    looker.open(page, address)
    fields = {"office": "DEMO-CEDAR", "account": "every.role", "password": PASSWORD}
    _send(page, fields, "Sign in")
    _send(page, {}, "I acknowledge this notice")
    looker.open(page, f"{address}/second-factor")
    _send(page, {"recovery_code": code}, "Use the recovery code")


def _add_passkey(page: Page, url: str) -> list[str]:
    """Add a passkey of an invented device: browsers make none for an address of digits.

    Returns the new recovery codes.
    """
    options = page.request.get(f"{url}/v1/me/passkeys").json()["public_key"]
    page.goto(f"{url}/account")
    with page.expect_navigation():
        page.evaluate(_SEND_PASSKEY, json.dumps(Authenticator(url).create(options)))
    return page.locator(".j-codes code").all_inner_texts()


def _leave_traces(looker: Looker, page: Page, url: str, keys: Path) -> None:
    """Add one of each thing that the demo has none of, so that its page is there."""
    page.goto(f"{url}/webhooks")
    _send(page, {"url": "https://cms.example.com/joinder"}, "Add")
    looker.look(page)
    page.goto(f"{url}/office/agreement")
    signed = {"version": "2027-1", "signatory": "District Attorney", "effective_on": LATER}
    _send(page, signed | {"ends_on": "2028-06-30"}, "Sign for your office")
    looker.look(page)
    page.goto(f"{url}/machines/new")
    first, second = (json.dumps(public_jwk(create_private_key(keys / name))) for name in "ab")
    _send(page, {"label": "Nightly export", "public_jwk": first}, "Register it")
    _send(page, {"public_jwk": second}, "Add this key")
    looker.open(page, url + _href(page.get_by_role("link", name="End it")))
    page.goto(f"{url}/suppressions/new")
    entry = {"kind": "tel", "value": "+1 415 555 0199", "reason": "hotline", "mode": "block"}
    entry |= {"scope": "office", "expires_on": LATER}
    _send(page, entry, "Add it to the list")
    page.goto(f"{url}{CASE}/access")
    _send(page, {"kept_out": "DEMO-OAK"}, "Keep them out")
    grant = {"grantee": "DEMO-FIR", "rung": "summary", "purpose": "coordination"}
    _send(page, grant | {"expires_at": LATER}, "Let them see it")
    looker.open(page, f"{url}{CASE}/access")
    looker.open(page, url + _href(page.get_by_role("link", name="Lift it")))
    page.goto(url + _first_overlap(page, url, OVERLAPS[0]) + "/glass")
    reason = "A person may be in danger before the other office can answer."
    _send(page, {"reason": reason, "minutes": "15"}, "Open their summary")
    page.goto(f"{url}{CASE}")
    _send(page, {"act": "plea"}, "Check now")
    looker.look(page)
    _pass_a_night(looker, page, url)
    page.goto(f"{url}{CASE}/corrections")
    _send(page, {"ground": "wrong_data", "asked_for": "counsel"}, "Record it")
    looker.open(page, f"{url}/summary-readings")
    said = {"summary": "The trailer that the growers call ABC 1234.", "reason": "It is on a farm."}
    _send(page, said, "It holds no identifier")
    looker.open(page, page.url)
    page.goto(f"{url}/access-review")
    _send(page, {}, "Make the review now")
    looker.look(page)
    page.goto(f"{url}/cases/new")
    fill_case(page)
    page.get_by_role("button", name="Add an organization").click()
    page.get_by_role("button", name="Show who could see it").click()
    page.get_by_role("heading", name="Who could see this case").wait_for()
    looker.look(page)


def _be_told(looker: Looker, page: Page, coordinator: Page, url: str) -> None:
    """Use up an allowance and ask for advice; look at the notices of that at both offices."""
    page.goto(f"{url}/infusion/new")
    question = {"desk": "DEMO-AG", "topic": "labor", "trafficking_type": "labor"}
    question |= {"question": "How did you prove a debt that grew while wages were paid?"}
    _send(page, question, "Send the question")
    looker.look(page)
    token = page.locator("[name=csrf_token]").first.input_value()
    headers = {"Origin": url, "X-CSRF-Token": token}
    epoch = page.request.get(f"{url}/v1/oprf/keys").json()["epoch"]
    ask = {"epoch": epoch, "reason": "posting", "counts": {"addr": 900}, "digest": "A" * 43}
    ask["cases"] = [{"source_system": "cms", "external_id": "24-CR-0931"}]
    refused = page.request.post(f"{url}/v1/tokens/permits", data=ask, headers=headers)
    assert refused.status == 429, refused.text()
    looker.open(page, f"{url}/alarms")
    for reader, said in ((page, "Open the alarms"), (coordinator, "Open the question")):
        looker.open(reader, f"{url}/notices")
        reader.get_by_role("link", name=said).first.wait_for()


def _pass_a_night(looker: Looker, page: Page, url: str) -> None:
    """Advance one night, look at it while it is under way, and see what it found."""
    every = page.locator(".j-tab b").last
    page.goto(f"{url}/overlaps?turn=all")
    before = int(every.inner_text())
    _send(page, {}, "Advance one night")
    looker.open(page, f"{url}/demo/night")
    looker.open(page, f"{url}/runs")
    page.goto(f"{url}/demo/night")
    page.get_by_role("heading", name="It is over").wait_for(timeout=60_000)
    looker.look(page)
    page.goto(f"{url}/overlaps?turn=all")
    assert int(every.inner_text()) == before + 1


def _of_each_state(page: Page, url: str) -> list[str]:
    """Return the requests of the demo, which are one in each state, and overlaps that differ."""
    found = [_first_overlap(page, url, number) for number in OVERLAPS]
    page.goto(f"{url}/handling")
    return found + [_href(each) for each in page.locator(".j-row").all()]


def _first_overlap(page: Page, url: str, number: str) -> str:
    page.goto(f"{url}/overlaps?case={number}")
    return _href(page.locator(".j-row"))


def _href(link: Locator) -> str:
    return link.first.get_attribute("href") or ""


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
