"""The whole main flow, by four persons of two offices, and not one click.

It has a demo of its own: two of its people register an app, and are asked for a code from then on.
"""

import base64
import re

import pytest
from playwright.sync_api import Browser, expect

from app.core.clock import utc_now
from app.demo.people import PASSWORD
from app.handling.terms import ATTESTATION
from app.people import totp
from tests.web.chromium import MISSING, PLACE
from tests.web.keyboard import Keyboard

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(PLACE is None, reason=MISSING),
]

HEAD, OTHER_HEAD, AUDITOR = "t.lindqvist", "p.oyelaran", "o.barnaby"


def test_posts_a_case_and_opens_what_it_overlaps_with(browser: Browser, url: str) -> None:
    keys = Keyboard(browser.new_page())
    _sign_in(keys, url, "DEMO-CEDAR", "r.okafor")
    for key in "gp":
        keys.page.keyboard.press(key)
    for label, text in (
        *(("System", "cms"), ("Case number", "26-CR-0413")),
        *(("Type", "Labor"), ("Stage", "Charged")),
        *(("Given name", "Alex"), ("Last name", "Samplemann"), ("Date of birth", "02031990")),
        ("Value", "+1 415 555 0142"),
    ):
        keys.type(label, text)
    keys.press("button", "Post the case")
    expect(keys.page.get_by_text("The case is posted")).to_be_visible()
    keys.open_row("Dogwood")
    expect(keys.page.get_by_text("Shared: a phone number.")).to_be_visible()


def test_leads_from_the_queue_to_a_matter_and_its_audit(browser: Browser, url: str) -> None:
    head = Keyboard(browser.new_page())
    _sign_in(head, url, "DEMO-CEDAR", HEAD)
    _work_on_the_queue(head)
    request = _propose(head)

    other = Keyboard(browser.new_page())
    _sign_in(other, url, "DEMO-DOGWOOD", OTHER_HEAD)
    _accept(other)
    head.page.goto(request)
    _sign(head)
    expect(head.page.get_by_role("heading", name="The matter", exact=True)).to_be_visible()
    _hand_over(head, other, url)

    _read(other, url)
    head.page.goto(f"{url}/overlaps")
    head.follow_menu("Oversight")
    row = head.page.get_by_role("row", name="Dogwood").first
    expect(row).to_contain_text("26-CR-0244")
    expect(row).to_contain_text("Safety of victims")

    auditor = Keyboard(browser.new_page())
    _sign_in(auditor, url, "DEMO-CEDAR", AUDITOR)
    auditor.follow_menu("Oversight")
    auditor.follow_menu("Audit")
    expect(auditor.page.get_by_role("row", name="Tomas Lindqvist").first).to_be_visible()


def _sign_in(keys: Keyboard, url: str, office: str, account: str) -> None:
    keys.page.goto(f"{url}/sign-in")
    for label, text in (("Office code", office), ("Account", account), ("Password", PASSWORD)):
        keys.type(label, text)
    keys.press("button", "Sign in")
    keys.press("button", "I acknowledge this notice")


def _work_on_the_queue(keys: Keyboard) -> None:
    """Find an overlap by filter and keys, acknowledge it, take it on, and note the call."""
    page = keys.page
    keys.to(page.get_by_role("radio", name=re.compile("Waiting for us")))
    page.keyboard.press("ArrowLeft")  # round to All
    expect(page).to_have_url(re.compile("turn=all"))
    expect(page.locator("#said")).to_contain_text("shown")
    keys.type("Your case number", "26-CR-0244")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("case=26-CR-0244"))
    expect(page.locator("#results tbody tr", has_text="26-CR-0207")).to_have_count(0)
    keys.open_row("Dogwood")
    expect(page.get_by_role("heading", name=re.compile("Possible match"))).to_be_visible()
    for button in ("Acknowledge", "Assign to me", "We spoke with them"):
        keys.press("button", button)
        expect(page.get_by_text("It is recorded. The other office does not")).to_be_visible()
    expect(page.get_by_role("definition").filter(has_text="Tomas Lindqvist")).to_be_visible()


def _propose(keys: Keyboard) -> str:
    """Draft an agreement, submit it, and sign it; return where it is."""
    page = keys.page
    keys.press("link", "Draft an agreement")
    keys.type("What you ask for", "Joint")
    keys.to(page.get_by_text("Further offices (optional)"))
    page.keyboard.press("Enter")
    keys.type("Find an overlap by its other office", "no such office")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("No overlap shows such an office")
    keys.type("Trafficking", "Sex")
    keys.press("button", "Keep the draft")
    expect(page.get_by_text("The draft is kept")).to_be_visible()
    address = page.url.partition("?")[0]
    keys.press("button", "Submit the draft")
    _prove(keys)
    _sign(keys)
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    return address


def _accept(keys: Keyboard) -> None:
    """Accept and sign as the leader of the other office, by the shortcut to its requests."""
    keys.page.keyboard.press("g")
    keys.page.keyboard.press("h")
    keys.open_row("Joint handling")
    keys.press("button", "Accept the terms")
    _prove(keys)
    _sign(keys)


def _prove(keys: Keyboard) -> None:
    """Register a first authenticator app where signing asks for it, and go back."""
    keys.press("link", "Give the second factor")
    secret = base64.b32decode(keys.page.locator(".j-secret code").inner_text())
    keys.type("Code that the app shows", totp.code_at(secret, totp.step_at(utc_now())))
    keys.press("button", "Register the app")
    keys.press("link", "I have kept them")


def _sign(keys: Keyboard) -> None:
    keys.type("Your post", "Unit head")
    keys.type("The sentence, letter for letter", ATTESTATION)
    keys.press("button", "Sign for your office")
    expect(keys.page.get_by_text("It is recorded.")).to_be_visible()


def _hand_over(head: Keyboard, other: Keyboard, url: str) -> None:
    """Open the matter, print its agreement, and hand its lead to the other office."""
    head.press("link", "Team, tasks, notes and hand-over of the lead")
    matter = head.page.url
    printed = head.press("link", "The agreement (PDF)")
    assert printed is not None
    assert printed.headers["content-type"] == "application/pdf"
    head.page.goto(matter)
    head.type("To", "Dogwood")
    head.press("button", "Offer the lead")
    expect(head.page.get_by_text("It is recorded.")).to_be_visible()
    other.page.goto(f"{url}/matters")
    other.open_row("Joint handling")
    other.press("button", "Accept the lead")
    expect(other.page.get_by_role("heading", name="led by your office")).to_be_visible()


def _read(keys: Keyboard, url: str) -> None:
    """Open the summary of the first office in an emergency, for a reason."""
    keys.page.goto(f"{url}/handling")
    keys.open_row("Joint handling")
    keys.press("link", "See why it was found, and the other office")
    keys.press("link", "Read their summary in an emergency")
    keys.type("Why it cannot wait", "A person may be in danger before they can answer.")
    keys.type("For how long", "15")
    keys.press("button", "Open their summary")
    keys.type("Open the summary, for", "Safety")
    keys.press("button", "Open it")
    expect(keys.page.get_by_text("One organizer books rooms")).to_be_visible()
