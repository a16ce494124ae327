"""Pages over HTTP: who sees which, what they hold, and what their forms do."""

import html
import json
import re
from typing import Final
from urllib.parse import quote

import httpx
import pytest
import segno

from app.access.vocabulary import Role
from tests.access.people import handle_jointly
from tests.blinding import case
from tests.factories import ISSUER, Registry
from tests.people.browsers import PASSWORD, Browser, make_person
from tests.scenes import make_offices, meet, someone
from tests.web.pages import Form, PageReader, Reader, reader
from tests.web.places import place_of

NOWHERE: Final = "0" * 32
READS: Final = {Role.PROSECUTOR, Role.ANALYST, Role.LEADERSHIP, Role.COORDINATOR}
OPEN_TO: Final[dict[str, set[Role]]] = {
    "/overlaps": READS,
    "/overlaps/retracted": READS,
    "/cases": READS,
    "/cases/new": READS - {Role.COORDINATOR},
    "/handling": READS,
    "/notices": READS | {Role.AUDITOR, Role.ADMINISTRATOR},
    "/notices/settings": READS | {Role.AUDITOR, Role.ADMINISTRATOR},
    "/webhooks": {Role.ADMINISTRATOR},
    "/state": {Role.COORDINATOR},
    "/contact-requests": READS,
    "/second-looks": READS,
    "/check": READS - {Role.COORDINATOR},
    "/infusion": READS,
    "/infusion/new": READS - {Role.ANALYST},
    "/runs": {Role.AUDITOR},
    "/readings": READS,
    "/grants": READS | {Role.AUDITOR},
    "/glass-breaks": READS | {Role.AUDITOR},
    "/alarms": {Role.LEADERSHIP, Role.ADMINISTRATOR, Role.AUDITOR},
    "/audit": {Role.AUDITOR},
    "/audit/readings": {Role.AUDITOR},
    "/agenda": READS,
    "/insights": READS | {Role.AUDITOR},
    "/access-review": {Role.AUDITOR, Role.ADMINISTRATOR},
    "/office": READS | {Role.ADMINISTRATOR},
    "/people": {Role.ADMINISTRATOR},
    "/machines": {Role.ADMINISTRATOR},
    "/suppressions": {Role.LEADERSHIP, Role.COORDINATOR},
    "/quotas": READS | {Role.ADMINISTRATOR},
    "/offices": READS | {Role.ADMINISTRATOR},
}
"""Pages and who may open them, written down here once more and not read from the policy."""

ROLES: Final = [Role(role) for role in Role if role not in {Role.CLIENT, Role.OPERATOR}]


class TestWhoSeesWhat:
    async def test_each_role_opens_its_pages_and_is_offered_no_other(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        for role in ROLES:
            visitor = await reader(shared_registry, office, role)
            for path, roles in OPEN_TO.items():
                answer = await visitor.get(path)
                expected = 200 if role in roles else 403
                assert answer.status_code == expected, (role, path)
            start = await visitor.http.get("/", follow_redirects=True)
            offered: set[str] = set()
            for section in await self._offered(visitor, str(start.url.path)):
                offered |= await self._offered(visitor, section)
            for other in offered - OPEN_TO.keys():
                assert (await visitor.get(other)).status_code == 200, (role, other)
            assert offered & OPEN_TO.keys() == {p for p in OPEN_TO if role in OPEN_TO[p]}, role

    async def _offered(self, visitor: Reader, path: str) -> set[str]:
        """Return the pages of no single thing that a page leads to, its menu first of all."""
        return {link for link in (await visitor.page(path)).links if place_of(link) == link}

    async def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(
        self, shared_registry: Registry
    ) -> None:
        async with shared_registry.http() as http:
            answer = await http.get("/cases/cms/24-1?note=x")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=/cases/cms/24-1%3Fnote%3Dx"

    async def test_whose_sign_in_ended_over_a_form_is_sent_to_sign_in_and_back_to_it(
        self, shared_registry: Registry
    ) -> None:
        async with shared_registry.http() as http:
            stranger = Reader(http)
            form = {"external_id": "26-7"}
            asked = await stranger.post("/cases/new", form, Referer=f"{ISSUER}/cases/new?note=x")
            sent_to = ("overlaps/views", f"handling/hnd_{NOWHERE}/answers", "nowhere")  # never read
            odd = [
                await stranger.post("/cases/new", form, Referer=each)
                for each in ("", "https://[", *(f"{ISSUER}/{path}" for path in sent_to))
            ]
        assert asked.status_code == 303
        assert asked.headers["location"] == "/sign-in?next=/cases/new%3Fnote%3Dx"
        assert [each.headers["location"] for each in odd] == ["/sign-in"] * 5

    async def test_what_is_not_visible_is_not_found_byte_for_byte(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry)
        asked = (await met.first.request_handling(met.overlap_id)).json()["id"]
        (other,) = await make_offices(shared_registry, 1)
        stranger = await reader(shared_registry, other, Role.LEADERSHIP)
        member = await reader(shared_registry, met.second, Role.LEADERSHIP)
        for hidden, absent in (
            (f"/overlaps/{met.overlap_id}", f"/overlaps/ovl_{NOWHERE}"),
            (f"/handling/{asked}", f"/handling/hnd_{NOWHERE}"),
            ("/cases/cms/24-1", "/cases/cms/24-none"),
            ("/cases/cms/24-1/network", "/cases/cms/24-none/network"),
            ("/cases/cms/24-1/check", "/cases/cms/24-none/check"),
        ):
            assert (await member.get(hidden)).status_code == 200
            one, two = await stranger.get(hidden), await stranger.get(absent)
            assert one.status_code == two.status_code == 404
            assert one.content == two.content
            assert _steady(one.headers) == _steady(two.headers)

    async def test_a_pointer_names_neither_office_nor_contact(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry, second="contact_first")
        visitor = await reader(shared_registry, met.first, Role.PROSECUTOR)
        limited = (await visitor.get(f"/overlaps/{met.overlap_id}")).text
        assert "asks to be contacted first" in limited
        assert limited.count("<dt>Stage and type</dt>") == 1  # of the own case alone
        queue = (await visitor.get("/overlaps")).text
        for text in (limited, queue):
            assert met.second.code not in text
            assert met.second.code.lower() not in text
        other = await reader(shared_registry, met.second, Role.PROSECUTOR)
        assert f"Office {met.first.code}" in (await other.get(f"/overlaps/{met.overlap_id}")).text


def _steady(headers: httpx.Headers) -> dict[str, str]:
    own = {"x-request-id", "date"}
    return {name: value for name, value in headers.items() if name not in own}


class TestForms:
    async def test_a_verdict_counts_for_the_version_that_was_read(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry)
        visitor = await reader(shared_registry, met.first, Role.PROSECUTOR)
        path = f"/overlaps/{met.overlap_id}"
        form = (await visitor.page(path)).form("/verdict")
        answer = await visitor.send(form, verdict="not_a_match", reason="different_person")
        assert answer.status_code == 303, answer.text
        (seen,) = await met.first.overlaps()
        assert seen["verdicts"]["own"]["reason"] == "different_person"
        stale = await visitor.send(form, verdict="confirmed")
        changed = (await met.first.overlaps())[0]["verdicts"]["own"]["verdict"]
        assert (stale.status_code, changed) == (412, "not_a_match")
        assert "changed it after you opened the page" in stale.text

    async def test_a_verdict_without_its_reason_is_asked_for_it(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry)
        visitor = await reader(shared_registry, met.first, Role.PROSECUTOR)
        form = (await visitor.page(f"/overlaps/{met.overlap_id}")).form("/verdict")
        answer = await visitor.send(form, verdict="not_a_match")
        assert answer.status_code == 422
        assert 'id="reason-error"' in answer.text
        assert (await met.first.overlaps())[0]["verdicts"]["own"] is None

    async def test_joint_handling_is_asked_once_and_answered_by_who_may(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry)
        asker = await reader(shared_registry, met.first, Role.PROSECUTOR)
        form = (await asker.page(f"/overlaps/{met.overlap_id}")).form("/handling")
        first = await asker.send(form, kind="consult")
        again = await asker.send(form, kind="consult")
        assert first.status_code == again.status_code == 303, first.text
        assert first.headers["location"] == again.headers["location"]
        page = first.headers["location"].partition("?")[0]
        deputy = await reader(shared_registry, met.second, Role.PROSECUTOR)
        assert not [f for f in (await deputy.page(page)).forms if f.action.endswith("/answers")]
        head = await reader(shared_registry, met.second, Role.LEADERSHIP)
        accept, decline = [f for f in (await head.page(page)).forms if f.action.endswith("answers")]
        refused = await deputy.send(Form(accept.action, {**accept.fields}))
        assert refused.status_code == 403  # its token is of another sign-in
        without = await head.send(decline)
        assert 'id="reason-error"' in without.text
        answer = await head.send(accept)
        assert answer.status_code == 303, answer.text
        assert "Answered: yes" in (await asker.get(page)).text
        (close,) = [f for f in (await head.page(page)).forms if f.action.endswith("/answers")]
        assert (await head.send(close)).status_code == 303
        assert "The question is answered" in (await asker.get(page)).text

    async def test_a_summary_shows_once_it_is_opened_for_a_reason(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry)
        visitor = await reader(shared_registry, met.first, Role.PROSECUTOR)
        path = f"/overlaps/{met.overlap_id}"
        assert not [f for f in (await visitor.page(path)).forms if f.action.endswith("/opened")]
        await handle_jointly(met)
        page = await visitor.get(path)
        form = PageReader(page.text).form("/opened")
        without = await visitor.send(form)
        assert (without.status_code, 'id="opened_for-error"' in without.text) == (422, True)
        opened = await visitor.send(form, opened_for="charging")
        assert "Labor trafficking" not in page.text + without.text
        assert "Charged, " in opened.text
        readings = await met.second.http.get("/v1/cases/cms/24-1/readings")
        assert [each["reason"] for each in readings.json()["items"]] == ["charging"]

    async def test_a_check_before_an_act_says_whom_to_call(self, shared_registry: Registry) -> None:
        met = await meet(shared_registry)
        visitor = await reader(shared_registry, met.first, Role.PROSECUTOR)
        form = (await visitor.page("/cases/cms/24-1")).form("/checks")
        assert (await visitor.send(form)).status_code == 422
        shown = await visitor.send(form, act="plea")
        assert "Call the office" in shown.text
        kept = (await met.first.http.get("/v1/cases/cms/24-1/checks")).json()["items"]
        assert [each["act"] for each in kept] == ["plea"]

    async def test_advice_is_asked_for_a_case_alone(self, shared_registry: Registry) -> None:
        asker, asked = await make_offices(shared_registry)
        assert (await asker.put_case()).status_code == 201
        visitor = await reader(shared_registry, asker, Role.PROSECUTOR)
        form = (await visitor.page("/cases/cms/24-1")).form("/handling")
        for office in ("ZZ-NOBODY", "", "no code"):
            wrong = await visitor.send(form, kind="consult", office=office)
            assert wrong.status_code == 422
            assert 'id="office-error"' in wrong.text, office
        made = await visitor.send(form, kind="consult", office=asked.code)
        assert made.status_code == 303
        shown = (await visitor.get(made.headers["location"])).text
        assert 'href="/cases/cms/24-1"' in shown
        (request,) = (await asked.http.get("/v1/handling-requests")).json()["items"]
        assert (request["kind"], request["case"]) == ("consult", None)

    async def test_forms_of_other_sites_change_nothing(self, shared_registry: Registry) -> None:
        met = await meet(shared_registry)
        visitor = await reader(shared_registry, met.first, Role.PROSECUTOR)
        form = (await visitor.page(f"/overlaps/{met.overlap_id}")).form("/verdict")
        elsewhere = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
        for fields, headers in (
            ({"csrf_token": ""}, {}),
            ({"csrf_token": "x" * 43}, {}),
            ({}, elsewhere),
            ({}, {"Origin": "null"}),
        ):
            sent = {**form.fields, "verdict": "confirmed", **fields}
            answer = await visitor.post(form.action, sent, **headers)
            assert answer.status_code == 403, (fields, headers)
        assert (await met.first.overlaps())[0]["verdicts"]["own"] is None
        good = await visitor.send(form, verdict="confirmed")
        assert good.status_code == 303

    async def test_a_case_is_refused_with_a_hint_at_its_field_and_keeps_the_tokens(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        visitor = await reader(shared_registry, office, Role.PROSECUTOR)
        form = (await visitor.page("/cases/new")).form("/cases/new")
        tokens = json.dumps({"epoch": 1, "subjects": case(someone())["subjects"]})
        sent = {
            "source_system": "cms",
            "external_id": "26-7",
            "record_class": "charged",
            "trafficking_type": "sex",
            "subjects": tokens,
        }
        refused = await visitor.send(form, **sent, summary="Call 415-555-0142 at night.")
        assert refused.status_code == 422
        assert 'id="summary-error"' in refused.text
        kept = PageReader(refused.text).form("/cases/new")
        assert kept.fields["subjects"] == tokens
        posted = await visitor.send(kept, **{**sent, "summary": "Kept without pay."})
        assert posted.headers["location"] == "/cases/cms/26-7?note=case-created"
        assert "Kept without pay." in (await visitor.get("/cases/cms/26-7")).text

    async def test_the_audience_is_shown_before_posting(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        visitor = await reader(shared_registry, office, Role.PROSECUTOR)
        form = (await visitor.page("/cases/new")).form("/cases/new")
        chosen = {"record_class": "charged", "trafficking_type": "labor", "disclosure": "silent"}
        asked = Form("/cases/audience", form.fields)
        silent = await visitor.send(asked, **chosen)
        assert "<td>Nothing</td>" in silent.text
        shown = await visitor.send(asked, **{**chosen, "disclosure": "open"})
        assert "<td>Office and contact</td>" in shown.text
        part = {"HX-Request": "true", "HX-Request-Type": "partial"}
        fields = {**form.fields, **chosen}
        assert "<!doctype" not in (await visitor.post("/cases/audience", fields, **part)).text


class TestQueue:
    async def test_filters_are_in_the_address_and_pages_go_on(
        self, shared_registry: Registry
    ) -> None:
        offices = await make_offices(shared_registry, 2)
        for number in range(27):
            await meet(shared_registry, offices=offices, external_id=f"24-{number}")
        visitor = await reader(shared_registry, offices[0], Role.ANALYST)
        first = await visitor.page("/overlaps")
        (more,) = {link for link in first.links if "cursor=" in link}
        second = await visitor.page(more)
        seen = [
            {link for link in page.links if link.startswith("/overlaps/ovl_")}
            for page in (first, second)
        ]
        assert [len(each) for each in seen] == [25, 2]
        assert not seen[0] & seen[1]
        one = await visitor.page("/overlaps?case=24-3")
        (path,) = {link for link in one.links if link.startswith("/overlaps/ovl_")}
        await visitor.send((await visitor.page(path)).form("/verdict"), verdict="confirmed")
        for turn, count in (("ours", 0), ("theirs", 1), ("settled", 0), ("all", 1)):
            page = await visitor.page(f"/overlaps?turn={turn}&case=24-3")
            found = {link for link in page.links if link.startswith("/overlaps/ovl_")}
            assert len(found) == count, turn
        assert (await visitor.get("/overlaps?turn=nobody")).status_code == 422
        for filters, count in (
            ("number=24-2", 8),
            ("number=24-26&stage=charged&kind=labor", 1),
            ("number=24-26&stage=declined", 0),
            ("number=24-26&kind=sex", 0),
            ("number=%25", 0),
            ("stage=charged&kind=&number=", 25),
        ):
            answer = await visitor.get(f"/cases?{filters}")
            assert answer.text.count('class="j-row"') == count, filters
            assert ("No case fits" in answer.text) == (not count), filters
        (more,) = {link for link in PageReader(answer.text).links if "cursor=" in link}
        assert (await visitor.get(more)).text.count('class="j-row"') == 2
        assert (await visitor.get("/overlaps?turn=all&band=&case=")).status_code == 200

    async def test_a_part_is_never_another_whole_page(self, shared_registry: Registry) -> None:
        (office,) = await make_offices(shared_registry, 1)
        visitor = await reader(shared_registry, office, Role.PROSECUTOR)
        asked = {"HX-Request": "true", "HX-Request-Type": "partial"}
        part = await visitor.get("/overlaps", **asked)
        refused = await visitor.get("/overlaps?turn=nobody", **asked)
        assert (part.status_code, refused.status_code) == (200, 422)
        for answer in (part, refused):
            assert "<!doctype" not in answer.text
            assert "data-say" in answer.text
        assert "schema" not in refused.text
        visitor.http.cookies.clear()
        ended = await visitor.get("/overlaps", **asked)
        assert (ended.headers.get("hx-refresh"), ended.text) == ("true", "")

    async def test_counts_say_whose_turn_it_is_as_the_statuses_do(
        self, shared_registry: Registry
    ) -> None:
        offices = await make_offices(shared_registry, 2)
        one, other = offices
        ids = [
            (await meet(shared_registry, offices=offices, external_id=f"24-{n}")).overlap_id
            for n in range(4)
        ]
        await one.say(ids[1], "confirmed")
        await other.say(ids[2], "confirmed")
        await one.say(ids[3], "confirmed")
        await other.say(ids[3], "confirmed")
        visitor = await reader(shared_registry, one, Role.PROSECUTOR)
        text = (await visitor.get("/overlaps")).text
        for words, count in (
            ("Waiting for us", 2),
            ("Waiting for them", 1),
            ("Both answered", 1),
            ("All", 4),
        ):
            assert f"<span>{words} <b>{count}</b></span>" in text
        for status in ("Waiting for both offices", "Waiting for the other office"):
            assert text.count(f">{status}<") == 1
        assert text.count(">Waiting for your office<") == 1
        assert text.count(">Confirmed overlap<") == 1


class TestNowhere:
    async def test_an_address_that_nothing_has_gets_a_page_where_a_browser_asks(
        self, shared_registry: Registry
    ) -> None:
        async with shared_registry.http() as http:
            page = await http.get("/nothing/here", headers={"Accept": "text/html"})
            problem = await http.get("/nothing/here")
        assert (page.status_code, problem.status_code) == (404, 404)
        assert "<h1>Page not found</h1>" in page.text
        assert problem.headers["content-type"] == "application/problem+json"


class TestSigningIn:
    async def test_password_notice_and_code_lead_to_the_page_that_was_asked_for(
        self, shared_registry: Registry
    ) -> None:
        someone = await make_person(shared_registry)
        await someone.register_app(await someone.enrol())
        visitor = Reader(Browser.new(shared_registry).http)
        start = await visitor.get("/cases")
        page = await visitor.page(start.headers["location"])
        form = page.form("/sign-in")
        wrong = await visitor.send(form, **someone.sign_in_body("not this one at all"))
        assert wrong.status_code == 401
        assert "not this one at all" not in wrong.text
        answer = await visitor.send(form, **someone.sign_in_body(PASSWORD))
        assert answer.headers["location"] == "/sign-in/notice"
        assert (await visitor.get("/cases")).headers["location"] == "/sign-in/notice"
        notice = (await visitor.page("/sign-in/notice")).form("/sign-in/notice")
        answer = await visitor.send(notice)
        assert answer.headers["location"] == "/sign-in/second-factor"
        assert (await visitor.get("/cases")).headers["location"] == "/sign-in/second-factor"
        second = (await visitor.page("/sign-in/second-factor")).forms
        code = next(f for f in second if "totp" in f.fields)
        refused = await visitor.send(code, totp="000000")
        assert refused.status_code == 401
        answer = await visitor.send(code, totp=await someone.app_code())
        assert answer.headers["location"] == "/cases"
        left = re.findall(r'data-ends-seconds="(\d+)"', (await visitor.get("/cases")).text)
        assert 12 * 3600 - 60 < int(left[0]) <= 12 * 3600
        cases = await visitor.page("/cases")
        out = await visitor.send(cases.form("/sign-out"))
        assert out.headers["clear-site-data"] == '"cache", "storage"'
        assert (await visitor.get("/cases")).status_code == 303

    @pytest.mark.parametrize("to", ["//elsewhere.example", "https://elsewhere.example", "/\\x.ex"])
    async def test_never_leads_to_another_site(self, shared_registry: Registry, to: str) -> None:
        someone = await make_person(shared_registry)
        await someone.enrol()
        visitor = Reader(Browser.new(shared_registry).http)
        form = (await visitor.page("/sign-in")).form("/sign-in")
        await visitor.send(form, **someone.sign_in_body(), next=to)
        await visitor.send((await visitor.page("/sign-in/notice")).form("/sign-in/notice"))
        answer = await visitor.get("/sign-in/second-factor")
        assert answer.headers["location"] == "/"

    async def test_who_came_by_a_passkey_is_led_to_the_page_that_was_asked_for(
        self, shared_registry: Registry
    ) -> None:
        someone = await make_person(shared_registry)
        await someone.enrol()
        visitor = Reader(Browser.new(shared_registry).http)
        for to, led in (("/cases?note=x", "/cases?note=x"), ("//elsewhere.example", "/")):
            form = (await visitor.page("/sign-in")).form("/sign-in")
            await visitor.send(form, **someone.sign_in_body(), next="/handling")
            notice = await visitor.page(f"/sign-in/notice?next={quote(to)}")
            await visitor.send(notice.form("/sign-in/notice"))
            onward = await visitor.get("/sign-in/second-factor")
            assert onward.headers["location"] == led

    async def test_a_first_password_that_is_short_needs_an_app(
        self, shared_registry: Registry
    ) -> None:
        someone = await make_person(shared_registry)
        visitor = Reader(Browser.new(shared_registry).http)
        form = (await visitor.page("/sign-in/enrolment")).form("/sign-in/enrolment")
        await visitor.send(form, code=someone.code, password="wet stone 7")
        await visitor.send((await visitor.page("/sign-in/notice")).form("/sign-in/notice"))
        text = (await visitor.get("/sign-in/second-factor")).text
        page = PageReader(text).form("/sign-in/app")
        assert page.fields["offer"]
        (address,) = re.findall(r'href="(otpauth:[^"]+)"', text)
        code = segno.make_qr(html.unescape(address), error="m")
        assert _dark(text) == {
            (x, y)
            for y, row in enumerate(code.matrix_iter(border=4))
            for x, is_dark in enumerate(row)
            if is_dark
        }
        refused = await visitor.send(page, code="000000")
        assert refused.status_code == 422
        _, drawn, told = refused.text.partition('class="j-qr"')
        assert drawn, told
        assert "Read the code above, or type its key: both are new." in told


def _dark(text: str) -> set[tuple[int, int]]:
    """Return which modules the QR code of a page draws, by column and row."""
    (drawn,) = re.findall(r'class="j-qr">.*?<path stroke="#000" d="([^"]+)"', text)
    found, x, y = set[tuple[int, int]](), 0.0, 0.0
    for to, right, down, run in re.findall(r"([Mm])(-?[\d.]+) (-?[\d.]+)|h(\d+)", drawn):
        if run:
            found |= {(int(x) + each, int(y)) for each in range(int(run))}
            x += int(run)
        elif to == "M":
            x, y = float(right), float(down)
        else:
            x, y = x + float(right), y + float(down)
    return found
