"""What people leave behind in the demo, so that each page is there in each of its states."""

import json
from pathlib import Path
from typing import Final

from playwright.sync_api import Locator, Page

from app.client.credentials import create_private_key, public_jwk
from tests.web.looking import OPEN_ALL, Looker
from tests.web.screenshots import fill_case

CASE: Final = "/cases/cms/24-CR-0931"
LATER: Final = "2027-06-30"
LIST: Final = """given,surname,born,tel
Marlon,Vestergard,1979-04-18,+1 415 555 0142
Nobody,Atall,1950-01-01,
Somebody,Unread,the first of May,
"""
"""A list with a row that is known, one that is not and one that cannot be read."""
OVERLAPS: Final = ("26-CR-0290", "26-CR-0261", "26-CR-0288", "26-CR-0320")
"""Cases with an overlap that is limited, settled, waiting, and asked about."""


def send(page: Page, fields: dict[str, str], button: str) -> None:
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


def first_overlap(page: Page, url: str, number: str) -> str:
    page.goto(f"{url}/overlaps?case={number}")
    return href(page.locator(".j-row"))


def href(link: Locator) -> str:
    return link.first.get_attribute("href") or ""


def of_each_state(page: Page, url: str) -> list[str]:
    """Return the requests of the demo, which are one in each state, and overlaps that differ."""
    found = [first_overlap(page, url, number) for number in OVERLAPS]
    page.goto(f"{url}/handling")
    return found + [href(each) for each in page.locator(".j-row").all()]


def leave_traces(looker: Looker, page: Page, url: str, keys: Path) -> None:
    """Add one of each thing that the demo has none of, so that its page is there."""
    page.goto(f"{url}/webhooks")
    send(page, {"url": "https://cms.example.com/joinder"}, "Add")
    looker.look(page)
    page.goto(f"{url}/office/agreement")
    signed = {"version": "2027-1", "signatory": "District Attorney", "effective_on": LATER}
    send(page, signed | {"ends_on": "2028-06-30"}, "Sign for your office")
    looker.look(page)
    page.goto(f"{url}/machines/new")
    first, second = (json.dumps(public_jwk(create_private_key(keys / name))) for name in "ab")
    send(page, {"label": "Nightly export", "public_jwk": first}, "Register it")
    send(page, {"public_jwk": second}, "Add this key")
    looker.open(page, url + href(page.get_by_role("link", name="End it")))
    page.goto(f"{url}/suppressions/new")
    entry = {"kind": "tel", "value": "+1 415 555 0199", "reason": "hotline", "mode": "block"}
    entry |= {"scope": "office", "expires_on": LATER}
    send(page, entry, "Add it to the list")
    page.goto(f"{url}{CASE}/access")
    send(page, {"kept_out": "DEMO-OAK"}, "Keep them out")
    grant = {"grantee": "DEMO-FIR", "rung": "summary", "purpose": "coordination"}
    send(page, grant | {"expires_at": LATER}, "Let them see it")
    looker.open(page, f"{url}{CASE}/access")
    looker.open(page, url + href(page.get_by_role("link", name="Lift it")))
    limited = url + first_overlap(page, url, OVERLAPS[0])
    looker.open(page, limited)
    page.goto(f"{limited}/glass")
    reason = "A person may be in danger before the other office can answer."
    send(page, {"reason": reason, "minutes": "15"}, "Open their summary")
    send(page, {"opened_for": "victim_safety"}, "Open it")
    looker.look(page)
    page.goto(f"{url}{CASE}")
    send(page, {"act": "plea"}, "Check now")
    looker.look(page)
    looker.open(page, f"{url}{CASE}/checks")
    pass_a_night(looker, page, url)
    page.goto(f"{url}{CASE}/corrections")
    send(page, {"ground": "wrong_data", "asked_for": "counsel"}, "Record it")
    looker.open(page, f"{url}/summary-readings")
    said = {"summary": "The trailer that the growers call ABC 1234.", "reason": "It is on a farm."}
    send(page, said, "It holds no identifier")
    looker.open(page, page.url)
    page.goto(f"{url}/access-review")
    send(page, {}, "Make the review now")
    looker.look(page)
    page.goto(f"{url}/cases/new")
    fill_case(page)
    page.get_by_role("button", name="Add an organization").click()
    page.get_by_role("button", name="Show who could see it").click()
    page.get_by_role("heading", name="Who could see this case").wait_for()
    looker.look(page)


def be_told(looker: Looker, page: Page, coordinator: Page, url: str) -> None:
    """Use up an allowance and ask for advice; look at the notices of that at both offices."""
    page.goto(f"{url}/infusion/new")
    question = {"desk": "DEMO-AG", "topic": "labor", "trafficking_type": "labor"}
    question |= {"question": "How did you prove a debt that grew while wages were paid?"}
    send(page, question, "Send the question")
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
    asked = url + href(coordinator.get_by_role("link", name="Open the question"))
    looker.open(coordinator, asked)
    send(coordinator, {"advice": "Compare the ledgers of the same weeks."}, "Send the answer")
    looker.open(page, asked)
    send(page, {"use": "used:charging"}, "Record it")
    looker.look(page)


def pass_a_night(looker: Looker, page: Page, url: str) -> None:
    """Advance one night, look at it while it is under way, and see what it found."""
    every = page.locator(".j-tab b").last
    page.goto(f"{url}/overlaps?turn=all")
    before = int(every.inner_text())
    send(page, {}, "Advance one night")
    looker.open(page, f"{url}/demo/night")
    looker.open(page, f"{url}/runs")
    page.goto(f"{url}/demo/night")
    page.get_by_role("heading", name="It is over").wait_for(timeout=60_000)
    looker.look(page)
    page.goto(f"{url}/overlaps?turn=all")
    assert int(every.inner_text()) == before + 1


def work_jointly(looker: Looker, page: Page, url: str) -> None:
    """Look at a matter before there is anything, and with one of each, its lead on offer."""
    page.goto(f"{url}/matters?state=open&role=lead")
    looker.open(page, url + href(page.locator(".j-row")))
    send(page, {"name": "Dana Sample", "post": "analyst"}, "Add to the team")
    task = {"task_office": "DEMO-CEDAR", "task_kind": "filing", "due_on": LATER}
    send(page, task, "Give the task")
    send(page, {"note_kind": "decision", "text": "Filed in one county."}, "Write the note")
    page.locator("#lead_office").select_option(index=1)
    send(page, {}, "Offer the lead")
    looker.look(page)


def hold_and_approve(looker: Looker, page: Page, url: str) -> None:
    """Look at a case under a legal hold, and at a grant that waits for a second person."""
    page.goto(f"{url}/cases")
    case = url + href(page.locator(".j-row").last)
    page.goto(f"{case}/hold")
    send(page, {"reason": "A motion to preserve it is pending."}, "Hold the case")
    looker.look(page)
    looker.open(page, f"{case}/hold")
    page.goto(f"{url}{CASE}/access")
    waiting = page.get_by_role("row", name="Waits for a second").filter(has_text="A machine")
    looker.open(page, url + href(waiting.locator(".j-row")))


def check_somebody(looker: Looker, page: Page, url: str) -> None:
    """Look at what a quick check found, and at what it did not find."""
    for phone, said in (("+1 415 555 0142", "Possibly known"), ("+1 415 555 0177", "No possible")):
        page.goto(f"{url}/cases/cms/26-CR-0207/check")
        page.get_by_label("Value").fill(phone)
        page.get_by_label("What it is for").select_option("charging")
        page.get_by_role("button", name="Look it up").click()
        page.get_by_role("heading", name=said).wait_for()
        looker.look(page)


def check_list(looker: Looker, page: Page, url: str) -> None:
    """Look at what the check of a list refuses as a whole, and at what each row of one comes to."""
    page.goto(f"{url}/cases/cms/26-CR-0207/check/list")
    for text, said in (("nickname\nAlex\n", "not known"), (LIST, "1 of 3 rows may be known")):
        file = {"name": "list.csv", "mimeType": "text/csv", "buffer": text.encode()}
        page.locator("#file").set_input_files(file)  # type: ignore[arg-type]
        page.get_by_label("What it is for").select_option("charging")
        page.get_by_role("button", name="Check the list").click()
        page.locator("main").get_by_text(said).first.wait_for()
        looker.look(page)
    page.get_by_role("row", name="Line 4").wait_for()


def oversee_state(looker: Looker, page: Page, url: str) -> None:
    """Look at the overlaps of a state as its Attorney General: all, none of a kind."""
    for query in ("", "?band=possible&days=7", "?of=waiting&band=strong"):
        looker.open(page, f"{url}/state{query}")


def use_webhook(looker: Looker, page: Page, url: str) -> None:
    """Approve the address that another administrator added, and look at a test that is sent."""
    page.goto(f"{url}/webhooks")
    looker.open(page, url + href(page.locator(".j-row")))
    send(page, {}, "Approve this address")
    looker.look(page)
    page.goto(f"{url}/webhooks")
    page.goto(url + href(page.locator(".j-row")))
    send(page, {}, "Send a test")
    looker.look(page)


def answer_and_withdraw(looker: Looker, page: Page, other: Page, url: str) -> None:
    """Be the office that was read in an emergency; withdraw a case, and look who saw it."""
    looker.open(other, f"{url}/glass-breaks")
    looker.open(other, url + href(other.locator(".j-row")))
    shown = url + first_overlap(page, url, OVERLAPS[2])
    other.goto(f"{url}/cases/cms/2026-00340/withdrawal")
    send(other, {"reason": "posted_by_mistake"}, "Withdraw the case")
    looker.look(other)
    looker.open(page, f"{url}/overlaps/retracted")
    looker.open(page, shown)
