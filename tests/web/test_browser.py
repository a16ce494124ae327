"""What people do at the pages, in a real browser over a real server, evaluator and database."""

import base64
import hashlib
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final
from urllib.parse import unquote_plus

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect
from pypdf import PdfReader

from app.core.clock import utc_now
from app.people import totp
from tests.web.chromium import MISSING, PLACE
from tests.web.screenshots import DEPUTY, HEAD, fill_case, open_overlap, sign_in

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(PLACE is None, reason=MISSING),
]

RAW: Final = (
    *("Samplemann", "samplemann", "1990-02-03", "19900203", "4155550142", "555 0142"),
    *("Vestergard", "vestergard", "1979-04-18", "19790418", "Trentham", "trentham", "7DEM042"),
    *("4155550199", "555 0199"),
)
"""What is typed into the pages, or stands in the file, and how it is spelled once normalized."""
LIST: Final = """given,surname,born,tel,plate,plate_state
Marlon,Vestergard,1979-04-18,+1 415 555 0142,7DEM042,CA
Odalys,Trentham,1991-09-02,,,
Nobody,Atall,1950-01-01,,,
"""
_WORK: Final = "Overlaps, Cases, Joint handling, Advice, Reports, Notices, Oversight, Office"
MENUS: Final = {
    DEPUTY: _WORK,
    "Mina Delacroix": _WORK,
    "Bela Okonjo": _WORK,
    "Celia Montrose": _WORK,
    "Yvette Castellan": "Notices, Oversight, Office",
    "Otis Barnaby": "Reports, Notices, Oversight",
}
"""What the demonstration's people of each role can open, as the menu says it."""
_COUNT_WORDS: Final = """() => {
  window.swaps = 0;
  window.said = 0;
  document.addEventListener("htmx:after:swap", () => window.swaps += 1);
  new MutationObserver((changes) => window.said += changes.length)
    .observe(document.getElementById("said"), {childList: true});
}"""
"""Count how often a part of the page is replaced, and how often something is read out."""


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Yield a context of its own whose pages do nothing that their own policy forbids."""
    made = browser.new_context()
    made.set_default_timeout(15_000)
    refused: list[str] = []
    made.on("console", lambda said: refused.append(said.text) if "Policy" in said.text else None)
    yield made
    made.close()
    assert refused == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def note_requests(context: BrowserContext) -> list[Request]:
    """Return a list that grows by each request of the pages from now on, and of their workers."""
    sent: list[Request] = []
    context.on("request", lambda request: sent.append(request))  # noqa: PLW0108 -- takes no builtin
    return sent


def read_requests(sent: list[Request]) -> str:
    """Return address, headers and body of each, as they were sent and as a server reads them."""
    lines = []
    for each in sent:
        body = (each.post_data_buffer or b"").decode("latin-1")
        lines.append(f"{each.url} {each.all_headers()} {body}")
    said = "\n".join(lines)
    return f"{said}\n{unquote_plus(said)}"


def assert_nothing_raw(sent: list[Request]) -> str:
    """Check that tokens were asked for, and that nothing that was typed is in any request."""
    assert any("/v1/tokens/evaluate" in each.url for each in sent)
    said = read_requests(sent)
    assert [raw for raw in RAW if raw in said] == []
    return said


class TestIdentifiers:
    """What is typed, or stands in a file, leaves the page as tokens only."""

    def test_of_a_case_are_posted_after_a_sign_in_with_a_code(self, page: Page, url: str) -> None:
        sign_in(page, url, "Vera Saarinen")
        page.goto(f"{url}/sign-in/again?next=/cases/new")
        secret = base64.b32decode(page.locator(".j-secret code").inner_text())
        step = totp.step_at(utc_now())
        page.get_by_label("Code that the app shows").fill(totp.code_at(secret, step - 1))
        page.get_by_role("button", name="Register the app").click()
        page.get_by_role("link", name="I have kept them").click()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="Vera Saarinen").click()
        page.get_by_role("button", name="I acknowledge").click()
        page.get_by_label("Code from your authenticator app").fill(totp.code_at(secret, step))
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("heading", name="Overlaps", exact=True)).to_be_visible()

        sent = note_requests(page.context)
        page.goto(f"{url}/cases/new")
        fill_case(page)
        page.get_by_role("button", name="Post the case").click()
        expect(page.get_by_text("The case is posted")).to_be_visible(timeout=30_000)
        assert '"token"' in assert_nothing_raw(sent)
        page.get_by_role("row", name="Dogwood").locator(".j-row").click()
        expect(page.get_by_text("Shared: a phone number.")).to_be_visible()

    def test_of_a_quick_check_and_of_a_list(self, page: Page, url: str) -> None:
        sign_in(page, url, DEPUTY)
        sent = note_requests(page.context)
        page.goto(f"{url}/cases/cms/26-CR-0207/check")
        page.get_by_label("Given name").fill("Marlon")
        page.get_by_label("Last name").fill("Vestergard")
        page.get_by_label("Date of birth").fill("1979-04-18")
        page.get_by_label("Value").fill("+1 415 555 0142")
        page.get_by_label("What it is for").select_option("charging")
        page.get_by_role("button", name="Look it up").click()
        expect(page.get_by_role("heading", name="Possibly known")).to_be_visible(timeout=30_000)
        assert_nothing_raw(sent)

        sent.clear()
        page.goto(f"{url}/cases/cms/26-CR-0207/check/list")
        file = {"name": "list.csv", "mimeType": "text/csv", "buffer": LIST.encode()}
        page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
        page.get_by_label("What it is for").select_option("investigation")
        page.get_by_role("button", name="Check the list").click()
        expect(page.get_by_role("heading", name="Results")).to_be_visible(timeout=30_000)
        expect(page.locator("#list-count")).to_contain_text("2 of 3 rows may be known")
        bar = page.get_by_label("Rows that are checked")
        expect(bar).to_have_js_property("value", 3)
        expect(bar).to_be_hidden()
        rows = page.get_by_role("row", name="Line 2")
        expect(rows.filter(has_text=re.compile("County|in California")).first).to_be_visible()
        said = assert_nothing_raw(sent)
        assert "/quick-checks" in said
        assert '"token"' in said

    def test_of_an_entry_of_a_suppression_list(self, page: Page, url: str) -> None:
        sign_in(page, url, "Bela Okonjo")
        sent = note_requests(page.context)
        page.goto(f"{url}/suppressions/new")
        page.get_by_label("Kind").select_option("tel")
        page.get_by_label("Value").fill("+1 415 555 0199")
        page.get_by_label("Whose it is").select_option("hotline")
        page.get_by_label("What it should do").select_option("block")
        page.get_by_label("It applies to").select_option("office")
        page.get_by_label("Until").fill((utc_now() + timedelta(days=90)).date().isoformat())
        page.get_by_role("button", name="Add it to the list").click()
        expect(page.get_by_text("The entry is on your list.")).to_be_visible(timeout=30_000)
        assert "token=" in assert_nothing_raw(sent)


class TestFollowing:
    def test_leaves_the_focus_where_it_is_and_says_only_what_is_new(
        self, page: Page, url: str
    ) -> None:
        """Of a run that is under way: the last one, told as if it were."""
        sign_in(page, url, "Otis Barnaby")

        def under_way(route: Route) -> None:
            answer, every = route.fetch(), 'hx-get="/runs" hx-trigger="every 1s"'
            last = 'aria-labelledby="newest"'
            text = answer.text().replace(last, f'{last} {every} hx-target="#results"')
            route.fulfill(response=answer, body=text)

        page.route("**/runs", under_way)
        page.goto(f"{url}/runs")
        page.evaluate(_COUNT_WORDS)
        has_focus = "document.activeElement.id || document.activeElement.tagName"
        for focus in ("BODY", "keys-open", "steps"):
            if focus != "BODY":
                page.locator(f"#{focus}").focus()
            before = page.evaluate("window.swaps")
            page.wait_for_function("before => window.swaps > before + 1", arg=before)
            assert page.evaluate(has_focus) == focus
        assert page.evaluate("window.said") == 1


class TestDemonstration:
    def test_lets_every_role_look_around_and_shows_it_just_its_own(
        self, browser: Browser, url: str
    ) -> None:
        found = {}
        for name in MENUS:
            page = browser.new_page()
            sign_in(page, url, name)
            page.get_by_text("Every office, person and case here is invented.").wait_for()
            menu = page.get_by_role("navigation", name="Main").locator("li > a")
            found[name] = menu.evaluate_all("links => links.map((each) => each.firstChild.data)")
            page.close()
        own = ["Your account", "Help"]
        assert {n: [t.strip() for t in titles] for n, titles in found.items()} == {
            name: [*titles.split(", "), *own] for name, titles in MENUS.items()
        }

    def test_tells_of_a_ring_of_look_alikes_and_of_a_declined_case_that_comes_back(
        self, page: Page, url: str
    ) -> None:
        sign_in(page, url, DEPUTY)
        page.goto(f"{url}/cases/cms/26-CR-0207/network")
        assert page.locator(".j-net__box").count() == 1 + 5  # a ring through six counties
        page.goto(f"{url}/overlaps?turn=all&case=26-CR-0310")
        page.locator(".j-row").click()
        expect(page.get_by_text("perhaps twins or relatives")).to_be_visible()
        page.goto(f"{url}/overlaps?turn=all&case=26-CR-0261")
        page.locator(".j-row").click()
        expect(page.get_by_text("Not a match: a different person")).to_be_visible()
        page.goto(f"{url}/second-looks")
        again = page.get_by_role("article").filter(has_text="24-CR-0702")
        expect(again).to_contain_text("Ironwood")


class TestPasskey:
    def test_that_does_not_work_is_said_where_everybody_reads_it(
        self, page: Page, url: str
    ) -> None:
        page.goto(f"{url}/sign-in?next=/cases")
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_role("alert")).to_contain_text("Passkeys need an address with a name")
        expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_enabled()


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

    def test_the_end_after_twelve_hours_is_told_once_and_cannot_be_put_off(
        self, page: Page, url: str
    ) -> None:
        page.clock.install()
        sign_in(page, url, "Sela Whitlock")

        def late(route: Route) -> None:
            answer = route.fetch()
            text = re.sub(r'data-ends-seconds="\d+"', 'data-ends-seconds="660"', answer.text())
            route.fulfill(response=answer, body=text)

        page.route("**/cases", late)
        page.goto(f"{url}/cases")
        page.clock.fast_forward("00:30")
        told = page.get_by_role("dialog", name="Your sign-in ends soon")
        expect(told).to_be_hidden()
        page.clock.fast_forward("01:30")
        expect(told).to_contain_text("It ends in 9 minutes")
        told.get_by_role("button", name="Go on till then").click()
        page.clock.fast_forward("01:00")
        expect(told).to_be_hidden()
        page.clock.fast_forward("08:30")
        expect(page.get_by_text("You were signed out")).to_be_visible()

    def test_a_filter_after_the_sign_in_has_ended_leads_to_signing_in_and_back(
        self, page: Page, url: str
    ) -> None:
        sign_in(page, url, "Anders Brandvold")
        page.goto(f"{url}/overlaps?turn=all")
        page.context.clear_cookies()
        page.get_by_label("Strength").select_option("strong")
        expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
        expect(page.get_by_role("banner")).to_have_count(1)
        page.get_by_role("button", name="Anders Brandvold").click()
        page.get_by_role("button", name="I acknowledge").click()
        expect(page).to_have_url(re.compile("/overlaps.turn=all"))


class TestOffices:
    def test_are_offered_by_name_where_a_code_is_asked_for(self, page: Page, url: str) -> None:
        sign_in(page, url, DEPUTY)
        page.goto(f"{url}/cases/cms/26-CR-0207/access")
        offered = page.locator("#grantee-codes option")
        expect(offered).to_have_count(0)
        page.get_by_label("Office", exact=True).first.press_sequentially("gwood coun")
        expect(offered).to_have_count(1)
        expect(offered).to_have_attribute("value", "DEMO-DOGWOOD")
        expect(offered).to_have_text("Dogwood County District Attorney")


class TestConnection:
    def test_that_is_lost_is_said_and_what_was_found_stays(self, page: Page, url: str) -> None:
        sign_in(page, url, "Anders Brandvold")
        page.goto(f"{url}/overlaps?turn=all")
        rows = page.locator(".j-row").count()
        page.context.set_offline(True)
        page.get_by_label("Strength").select_option("strong")
        expect(page.get_by_role("alert")).to_contain_text("does not answer")
        assert page.locator(".j-row").count() == rows
        page.context.set_offline(False)
        page.get_by_label("Strength").select_option("")
        expect(page.get_by_role("alert")).to_have_count(0)


class TestPaper:
    def test_has_what_was_found_and_who_printed_it_and_nothing_to_press(
        self, page: Page, url: str
    ) -> None:
        sign_in(page, url, "Anders Brandvold")
        page.goto(f"{url}/overlaps?turn=all")
        page.locator(".j-row").first.click()
        printed = page.get_by_text("Printed for Anders Brandvold")
        why = page.get_by_role("heading", name="Why it was found")
        pressed = page.locator("button, .usa-button, nav, .j-demo")
        expect(printed).to_be_hidden()
        assert any(each.is_visible() for each in pressed.all())
        page.emulate_media(media="print")
        expect(printed).to_be_visible()
        expect(why).to_be_visible()
        assert [each.inner_text() for each in pressed.all() if each.is_visible()] == []

    def test_has_what_is_folded_on_the_screen_and_what_narrowed_it(
        self, page: Page, url: str
    ) -> None:
        sign_in(page, url, "Otis Barnaby")
        page.goto(f"{url}/runs")
        steps = page.get_by_role("columnheader", name="Last whole run")
        expect(steps).to_be_hidden()
        assert "Last whole run" in self._printed(page)
        page.goto(f"{url}/audit?about=cases&since=2020-01-02")
        paper = self._printed(page)
        assert "Cases" in paper
        assert "01/02/2020" in paper
        assert "To" not in re.findall(r"^\w+$", paper, re.MULTILINE)

    def test_has_overlaps_that_no_longer_hold_and_how_things_stand(
        self, page: Page, url: str
    ) -> None:
        sign_in(page, url, DEPUTY)
        page.goto(f"{url}/cases/new")
        fill_case(page)
        page.get_by_label("Case number").fill("26-CR-0499")
        page.get_by_role("button", name="Post the case").click()
        page.get_by_role("row", name="Dogwood").locator(".j-row").wait_for()
        page.goto(f"{url}/cases/cms/26-CR-0499/withdrawal")
        page.get_by_label("Why").select_option("closed")
        page.get_by_role("button", name="Withdraw the case").click()
        page.goto(f"{url}/overlaps/retracted")
        rows = page.locator(".j-row").all_inner_texts()
        paper = self._printed(page)
        assert rows
        assert [each for each in rows if each.split()[0] not in paper] == []
        page.goto(f"{url}/overlaps?turn=all")
        page.locator(".j-row").first.click()
        page.get_by_role("heading", name="Why it was found").wait_for()
        paper = self._printed(page)
        assert "Assigned to" in paper
        assert "Draft an agreement" not in paper

    def _printed(self, page: Page) -> str:
        """Return what the printed page says."""
        sheets = PdfReader(io.BytesIO(page.pdf())).pages
        return "\n".join(each.extract_text() for each in sheets)


class TestHistory:
    def test_leads_back_to_what_was_shown_before_a_filter(self, page: Page, url: str) -> None:
        sign_in(page, url, "Anders Brandvold")
        page.goto(f"{url}/overlaps?turn=all")
        rows, strength = page.locator("#results .j-row"), page.get_by_label("Strength")
        shown = rows.count()
        strength.select_option("shared_only")
        expect(page).to_have_url(re.compile("band=shared_only"))
        expect(rows).not_to_have_count(shown)
        page.go_back()
        expect(rows).to_have_count(shown)
        expect(strength).to_have_value("")


class TestFilters:
    def test_that_follow_each_other_fast_end_with_what_was_asked_last(
        self, page: Page, url: str
    ) -> None:
        sign_in(page, url, "Anders Brandvold")
        page.goto(f"{url}/overlaps?turn=all")
        page.get_by_label("Strength").evaluate("""(field) => {
          for (const band of ["strong", "probable", "shared_only"]) {
            field.value = band;
            field.dispatchEvent(new Event("change", {bubbles: true}));
          }
        }""")
        expect(page).to_have_url(re.compile("band=shared_only"))
        expect(page.locator("#results .j-band:not(.j-band--shared_only)")).to_have_count(0)

    def test_are_saved_as_a_view_as_they_stand(self, page: Page, url: str) -> None:
        sign_in(page, url, "Anders Brandvold")
        page.goto(f"{url}/overlaps?turn=all")
        strength, views = page.get_by_label("Strength"), page.locator("#views a[aria-current]")
        strength.select_option("probable")
        expect(page).to_have_url(re.compile("band=probable"))
        page.get_by_text("Save these filters as a view").click()
        page.get_by_label("Name of the view").fill("Probable ones")
        page.get_by_role("button", name="Save the view").click()
        expect(strength).to_have_value("probable")
        expect(views).to_have_text("Probable ones")
        strength.select_option("strong")
        expect(views).to_have_count(0)
        strength.select_option("probable")
        expect(views).to_have_text("Probable ones")


class TestUnread:
    def test_is_counted_the_same_everywhere_on_pages_that_are_open(
        self, context: BrowserContext, url: str
    ) -> None:
        here, there = context.new_page(), context.new_page()
        sign_in(here, url, "Anders Brandvold")
        for each in (here, there):
            each.goto(f"{url}/notices")
        counts = here.locator("[data-unread]")
        expect(counts).to_have_count(3)
        there.get_by_role("button", name="Mark all as read").click()
        expect(there.get_by_role("button", name="Mark as read")).to_have_count(0)
        expect(counts).to_have_text(["0", "0", "0"])
        expect(here.locator("[data-some-unread]:not([hidden])")).to_have_count(0)


class TestFingerprint:
    def test_of_a_document_is_worked_out_in_the_page_and_the_document_stays(
        self, page: Page, url: str
    ) -> None:
        sign_in(page, url, HEAD)
        page.goto(f"{url}/handling")
        requests = [each.get_attribute("href") for each in page.locator(".j-row").all()]
        for request in requests:
            page.goto(f"{url}{request}")
            if page.locator("[data-fingerprint]").count():
                break
        paper = b"Referral of the District Attorney"
        sent = note_requests(page.context)
        page.get_by_label("The document", exact=True).set_input_files(
            {"name": "referral.pdf", "mimeType": "application/pdf", "buffer": paper}
        )
        told = page.get_by_label("Fingerprint of the document")
        expect(told).to_have_value(hashlib.sha256(paper).hexdigest())
        assert [each.url for each in sent if not each.url.endswith("/notices/stream")] == []


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
        page.get_by_role("button", name="Post the case").click()  # no tokens, so nothing is sent
        expect(page.get_by_text("Enter at least one name")).to_be_visible()
        page.reload()
        expect(summary).to_have_value("Worked for a debt that never got smaller.")
        summary.fill("Call 415 555 0142")
        assert not self._kept(page, *RAW)
        summary.fill("Worked for a debt.")
        page.get_by_role("button", name="Show who could see it").click()
        expect(page.get_by_role("heading", name="Who could see this case")).to_be_visible()
        page.reload()
        expect(summary).to_have_value("Worked for a debt.")
        page.context.set_offline(True)
        page.get_by_role("button", name="Show who could see it").click()
        expect(page.get_by_text("The registry does not answer")).to_be_visible()
        page.context.set_offline(False)
        page.reload()
        expect(summary).to_have_value("Worked for a debt.")

        page.context.clear_cookies()  # the sign-in has ended
        page.goto(f"{url}/cases/new")
        page.get_by_role("button", name="Sela Whitlock").click()
        page.get_by_role("button", name="I acknowledge").click()
        page.goto(f"{url}/cases/new")
        expect(summary).to_have_value("Worked for a debt.")
        expect(page.get_by_label("Case number")).to_have_value("26-CR-0412")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("button", name="Sela Whitlock")).to_be_visible()
        assert not self._kept(page, "debt", "26-CR-0412")

    def test_stay_when_no_answer_comes_and_are_kept_by_enter(self, page: Page, url: str) -> None:
        sign_in(page, url, DEPUTY)
        open_overlap(page, url, "26-CR-0261", "Fir")
        page.get_by_role("link", name="Draft an agreement").click()
        page.get_by_label("What you ask for").select_option("co_counsel")
        page.get_by_label("Trafficking").select_option("sex")
        notice = page.get_by_label("Days of notice before leaving")
        notice.fill("21")
        for posted in ("**/agreement", "**/handling"):
            page.route(posted, lambda route: route.abort())
        page.get_by_text("Further offices (optional)").click()
        page.get_by_role("button", name="Find").click()
        expect(page.get_by_role("alert")).to_contain_text("does not answer")
        page.unroute("**/agreement")
        page.reload()
        expect(notice).to_have_value("21")
        with page.expect_request(lambda sent: sent.method == "POST") as asked:
            notice.press("Enter")
        assert asked.value.url.endswith("/handling")

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
