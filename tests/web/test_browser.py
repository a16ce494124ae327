"""The main flow in a real browser, over a real server, evaluator and database."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from app.core.clock import utc_now
from app.handling.terms import ATTESTATION
from app.people import totp
from tests.web.chromium import MISSING, PLACE
from tests.web.screenshots import OFFICES_PAGES, demo, fill_case, open_overlap, sign_in

if PLACE is None:
    pytest.skip(MISSING, allow_module_level=True)

from playwright.sync_api import Browser, Page, Request, expect

from tests.web.chromium import browsing

pytestmark = pytest.mark.long

AXE: Final = Path(__file__).parents[2] / "app/web/assets/node_modules/axe-core/axe.min.js"
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RAW: Final = ("Samplemann", "samplemann", "1990-02-03", "19900203", "4155550142", "555 0142")
"""What is typed into the form of a case, and how it is spelled once normalized."""

REGISTER: Final = """async (code) => {
  const signed = await (await fetch("/v1/sign-in")).json();
  const headers = {"Content-Type": "application/json", "X-CSRF-Token": signed.csrf_token};
  if (code === null) {
    window.offer = await (await fetch("/v1/me/totp")).json();
    return offer.secret;
  }
  const body = JSON.stringify({offer: offer.offer, code});
  return (await fetch("/v1/me/totp", {method: "PUT", headers, body})).status;
}"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with demo() as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(15_000)
    shown = context.new_page()
    refused: list[str] = []
    shown.on("console", lambda said: refused.append(said.text) if "Policy" in said.text else None)
    yield shown
    context.close()
    assert refused == []  # the pages do nothing that their own policy forbids


def broken(page: Page) -> list[str]:
    """Return what axe finds wrong with the page as it stands: rule and place."""
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES
    )
    return [
        f"{page.url}: {each['id']} {node['target']} {node.get('failureSummary', '')}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


class TestMainFlow:
    def test_from_a_code_of_the_app_to_a_matter_with_one_lead(
        self, page: Page, browser: Browser, url: str
    ) -> None:
        sent: list[str] = []

        def note(request: Request) -> None:
            sent.append(f"{request.url} {request.headers} {request.post_data or ''}")

        sign_in(page, url, "Mina Delacroix")
        secret = base64.b32decode(page.evaluate(REGISTER, None))
        step = totp.step_at(utc_now())
        assert page.evaluate(REGISTER, totp.code_at(secret, step - 1)) == 200
        page.reload()  # the forms of before were of the sign-in's older secret
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="Mina Delacroix").click()
        page.get_by_role("button", name="I acknowledge").click()
        page.get_by_label("Code from your authenticator app").fill(totp.code_at(secret, step))
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("heading", name="Overlaps", exact=True)).to_be_visible()

        page.context.on("request", note)
        page.goto(f"{url}/cases/new")
        fill_case(page)
        page.get_by_role("button", name="Make tokens").click()
        expect(page.get_by_text("The case is posted")).to_be_visible(timeout=30_000)
        assert any("/v1/tokens/evaluate" in each for each in sent)
        assert any("%22token%22" in each or '"token"' in each for each in sent)
        for raw in RAW:
            assert not [each for each in sent if raw in each or raw.replace(" ", "+") in each]

        page.get_by_role("row", name="Dogwood").locator(".j-row").click()
        expect(page.get_by_role("img", name=re.compile("speaks for|Phone"))).to_have_count(0)
        expect(page.get_by_text("Shared: a phone number.")).to_be_visible()
        page.locator("label", has_text="We need more information").click()
        page.get_by_role("button", name="Record the answer").click()
        expect(page.get_by_text("answer is recorded")).to_be_visible()

        self._agree(browser, url)

    def _agree(self, browser: Browser, url: str) -> None:
        """Let unit heads of both offices bring a draft in force."""
        head = browser.new_context().new_page()
        sign_in(head, url, "Tomas Lindqvist")
        head.goto(f"{url}/overlaps?case=26-CR-0412")
        head.get_by_role("row", name="Dogwood").locator(".j-row").click()
        head.get_by_role("link", name="Draft an agreement").click()
        head.get_by_label("What you ask for").select_option("joint_handling")
        head.get_by_label("Trafficking").select_option("labor")
        head.get_by_role("button", name="Keep the draft").click()
        expect(head.get_by_text("The draft is kept")).to_be_visible()
        address = head.url.partition("?")[0]
        head.get_by_role("button", name="Submit the draft").click()
        head.get_by_role("link", name="Give the second factor").click()
        self._register(head)
        self._sign(head)
        expect(head.get_by_text("Sent", exact=True)).to_be_visible()

        other = browser.new_context().new_page()
        sign_in(other, url, "Peter Oyelaran")
        other.goto(f"{url}/handling")
        other.get_by_role("row", name="Joint handling").locator(".j-row").first.click()
        other.get_by_role("button", name="Accept the terms").click()
        other.get_by_role("link", name="Give the second factor").click()
        self._register(other)
        self._sign(other)
        head.goto(address)
        self._sign(head)
        expect(head.get_by_role("heading", name="The matter", exact=True)).to_be_visible()
        expect(head.get_by_text(re.compile("Led by Cedar County"))).to_be_visible()
        if AXE.exists():
            assert broken(head) == []

    def _register(self, page: Page) -> None:
        """Register a first authenticator app where signing asks for it, and go back."""
        secret = base64.b32decode(page.locator(".j-secret code").inner_text())
        code = totp.code_at(secret, totp.step_at(utc_now()))
        page.get_by_label("Code that the app shows").fill(code)
        page.get_by_role("button", name="Register the app").click()
        page.get_by_role("link", name="I have kept them").click()

    def _sign(self, page: Page) -> None:
        page.get_by_label("Your post").fill("Unit head")
        page.get_by_label("The sentence, letter for letter").fill(ATTESTATION)
        page.get_by_role("button", name="Sign for your office").click()
        expect(page.get_by_text("It is recorded.")).to_be_visible()


class TestKeyboard:
    def test_sign_in_and_queue_need_no_mouse(self, page: Page, url: str) -> None:
        page.goto(f"{url}/sign-in")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
        page.keyboard.press("Enter")
        self._tab_to(page, page.get_by_label("Office code").first)
        for text in ("DEMO-FIR", "a.brandvold", "four invented people walk a dog"):
            page.keyboard.type(text)
            page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_focused()
        page.keyboard.press("Enter")
        self._tab_to(page, page.get_by_role("button", name="I acknowledge"))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Overlaps", exact=True)).to_be_visible()
        self._tab_to(page, page.get_by_role("radio", name=re.compile("Waiting for you")))
        page.keyboard.press("ArrowLeft")  # round to All
        expect(page).to_have_url(re.compile("turn=all"))
        expect(page.locator("#said")).to_contain_text("shown")
        rows = page.locator(".j-row")
        self._tab_to(page, rows.first)
        page.keyboard.press("j")
        expect(rows.nth(1)).to_be_focused()
        page.keyboard.press("k")
        expect(rows.first).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=re.compile("Possible match"))).to_be_visible()

    def _tab_to(self, page: Page, target: Any) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if target.evaluate("element => element === document.activeElement"):
                return
        raise AssertionError(f"Tab does not reach {target}")


class TestIdle:
    def test_a_warning_comes_before_the_sign_in_ends_and_can_be_answered(
        self, page: Page, url: str
    ) -> None:
        page.clock.install()
        sign_in(page, url, "Sela Whitlock")
        page.goto(f"{url}/cases")
        page.clock.fast_forward("28:30")
        warning = page.get_by_role("dialog", name="Are you still there?")
        expect(warning).to_be_visible()
        warning.get_by_role("button", name="Stay signed in").click()
        expect(warning).to_be_hidden()
        page.clock.fast_forward("31:00")
        expect(page.get_by_text("You were signed out")).to_be_visible()
        expect(page).to_have_url(re.compile(r"next=%2Fcases|next=/cases"))


class TestDrafts:
    def test_what_was_typed_comes_back_but_for_identifiers_and_goes_with_the_sign_out(
        self, page: Page, url: str
    ) -> None:
        sign_in(page, url, "Sela Whitlock")
        page.goto(f"{url}/cases/new")
        fill_case(page)
        summary = page.get_by_label("Summary")
        summary.fill("Worked for a debt that never got smaller.")
        page.reload()
        expect(summary).to_have_value("Worked for a debt that never got smaller.")
        expect(page.get_by_text("What you typed before is back.")).to_be_visible()
        assert not self._kept(page, *RAW)
        summary.fill("Call 415 555 0142")
        assert not self._kept(page, *RAW)
        summary.fill("Worked for a debt.")

        page.context.clear_cookies()  # the sign-in has ended
        page.goto(f"{url}/cases/new")
        page.get_by_role("button", name="Sela Whitlock").click()
        page.get_by_role("button", name="I acknowledge").click()
        page.goto(f"{url}/cases/new")
        expect(summary).to_have_value("Worked for a debt.")
        expect(page.get_by_label("Case number")).to_have_value("26-CR-0412")
        if AXE.exists():
            assert broken(page) == []
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("button", name="Sela Whitlock")).to_be_visible()
        assert not self._kept(page, "debt", "26-CR-0412")

    def _kept(self, page: Page, *texts: str) -> list[str]:
        """Return those of the texts that the browser keeps."""
        kept = page.evaluate("JSON.stringify([sessionStorage, localStorage])")
        return [text for text in texts if text in kept]


class TestWithoutScripts:
    def test_everything_but_tokens_works(self, browser: Browser, url: str) -> None:
        page = browser.new_context(java_script_enabled=False).new_page()
        sign_in(page, url, "June Haraldsen")
        page.locator("input[name=turn][value=all]").check(force=True)
        page.get_by_role("button", name="Show").click()
        expect(page).to_have_url(re.compile("turn=all"))
        page.locator(".j-row").first.click()
        page.locator("label", has_text="We need more information").click()
        page.get_by_role("button", name="Record the answer").click()
        expect(page.get_by_text("answer is recorded")).to_be_visible()
        page.goto(f"{url}/cases/new")
        expect(page.get_by_text("This part needs JavaScript.")).to_be_visible()
        page.get_by_label("Type").select_option("sex")
        page.get_by_label("Stage").select_option("charged")
        page.get_by_role("button", name="Show who could see it").click()
        expect(page.get_by_role("heading", name="Who could see this case")).to_be_visible()


class TestAccessible:
    def test_axe_finds_nothing_on_any_page(self, page: Page, browser: Browser, url: str) -> None:
        if not AXE.exists():
            pytest.skip("axe-core is not installed: make vendor")
        page.goto(f"{url}/sign-in")
        found = broken(page)
        page.get_by_role("button", name="Renata Okafor").click()
        found += broken(page)
        page.get_by_role("button", name="I acknowledge").click()
        for path in (
            *("/overlaps", "/overlaps?turn=settled&band=possible", "/overlaps/retracted"),
            *("/cases", "/cases/cms/24-CR-0931", "/handling", "/help", "/accessibility"),
            *("/overlaps/none", "/state", "/sign-in/enrolment", "/notices", "/notices/settings"),
        ):
            page.goto(url + path)
            found += broken(page)
        for number, office in (
            *(("24-CR-0931", "Dogwood"), ("26-CR-0261", "Fir")),
            *(("26-CR-0290", "Local prosecutor"), ("26-CR-0288", "Elm")),
        ):
            open_overlap(page, url, number, office)
            found += broken(page)
        open_overlap(page, url, "26-CR-0261", "Fir")
        page.get_by_role("link", name="Draft an agreement").click()
        page.get_by_role("button", name="Keep the draft").wait_for()
        found += broken(page)
        page.goto(f"{url}/cases/cms/24-CR-0931")
        page.get_by_label("What comes next").select_option("plea")
        page.get_by_role("button", name="Check now").click()
        page.get_by_role("heading", name="Checked before: a plea").wait_for()
        found += broken(page)
        page.goto(f"{url}/handling")
        page.locator(".j-row").first.click()
        found += broken(page)
        page.goto(f"{url}/cases/new")
        fill_case(page)
        page.get_by_role("button", name="Add an organization").click()
        page.get_by_role("button", name="Show who could see it").click()
        page.get_by_role("heading", name="Who could see this case").wait_for()
        found += broken(page)
        for person, pages in OFFICES_PAGES.items():
            visitor = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
            sign_in(visitor, url, person)
            for path in (*pages.values(), "/people/none", "/audit?since=never"):
                visitor.goto(url + path)
                found += broken(visitor)
                wide = visitor.evaluate("document.documentElement.scrollWidth")
                assert wide <= 390, f"{path} is {wide} wide"
        others = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
        sign_in(others, url, "Celia Montrose")
        others.goto(f"{url}/overlaps")
        overlap = others.locator(".j-row").first.get_attribute("href") or ""
        by_month = "/insights?measure=origin&by=month&category=sting"
        for path in (
            *("/state", "/overlaps", overlap, "/cases", "/handling", "/help"),
            *("/agenda", "/insights", by_month),
        ):
            others.goto(url + path)
            found += broken(others)
            wide = others.evaluate("document.documentElement.scrollWidth")
            assert wide <= 390, f"{path} is {wide} wide"
        assert found == [], "\n".join(found)
