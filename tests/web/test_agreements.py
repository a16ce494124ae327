"""Agreements at the pages: drafted, signed, changed, signed by all, concluded."""

from datetime import date, timedelta
from typing import Any, get_args
from uuid import uuid4

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.core.db import transaction
from app.handling.standings import Standing
from app.handling.terms import ATTESTATION
from app.offices import service
from app.offices.schemas import LawConfirmed
from tests.factories import Registry
from tests.handling.test_agreements import send_out, with_general
from tests.scenes import Meeting, make_offices, meet
from tests.web.pages import Form, PageReader, Reader, reader


async def draft(registry: Registry) -> tuple[Meeting, Reader, str]:
    """Return an overlap, a deputy of its first office, and the page of the draft they made."""
    met = await meet(registry)
    deputy = await reader(registry, met.first, Role.PROSECUTOR)
    form = (await deputy.page(f"/overlaps/{met.overlap_id}/agreement")).form("/handling")
    made = await deputy.send(form, **chosen(form, kind="joint_handling", trafficking_type="labor"))
    assert made.status_code == 303, made.text
    return met, deputy, made.headers["location"].partition("?")[0]


def chosen(form: Form, **fields: str) -> dict[str, str]:
    """Return what a browser sends of the form of terms as it stands, with these chosen."""
    standing = {
        "purpose": "prosecute_jointly",
        "matter_kind": "criminal",
        "lead": "1",
        "forum_harm": "2",
        "evidence_rule": "each_keeps_its_own",
        "media": "jointly",
        "disclosure_rule": "each_discloses_its_own",
        "trafficking_type": "labor",
    }
    assert {"ends_on", "review_every_days", "notice_days"} <= set(form.fields)
    return {**standing, **fields}


def enter_says(text: str) -> dict[str, str]:
    """Return what a browser sends of the button that Enter presses: the first of the draft."""
    button = text.partition("data-draft")[2].partition("<button")[2].partition(">")[0]
    assert "formnovalidate" in button  # a search in a form that is not filled in yet
    name, value = (button.partition(f'{each}="')[2].partition('"')[0] for each in ("name", "value"))
    return {name: value}


async def take(visitor: Reader, page: str, ending: str, name: str, value: str, **more: Any) -> str:
    """Send the one form of the page whose field `name` has this value; return the page after."""
    found = (await visitor.page(page)).forms
    (form,) = [
        form for form in found if form.action.endswith(ending) and form.fields.get(name) == value
    ]
    answer = await visitor.send(form, **more)
    assert answer.status_code == 303, answer.text
    return (await visitor.get(page)).text


async def sign(visitor: Reader, page: str, **fields: str) -> int:
    """Sign what the page shows; return the status of the answer."""
    form = (await visitor.page(page)).form("/signatures")
    sent = {"post": "Unit head", "attestation": ATTESTATION, **fields}
    return (await visitor.send(form, **sent)).status_code


class TestLaw:
    async def test_of_a_state_says_what_it_is_since_when_and_who_read_it(
        self, shared_registry: Registry
    ) -> None:
        for state, said in (
            ("WA", ("RCW 43.10.232", "Checked by Joinder maintainers", "No counsel of the state")),
            ("WY", ("Law of Wyoming", "No rule is loaded for this state")),
        ):
            text = await self.page_of(shared_registry, state)
            for each in said:
                assert each in text

    async def test_that_counsel_confirmed_says_so_until_a_release_changes_it(
        self, shared_registry: Registry
    ) -> None:
        asked = LawConfirmed(
            state="NJ", counsel="Chief of Prosecutions", confirmed_on=date(2026, 11, 20)
        )
        async with transaction(shared_registry.operator) as session:
            await service.confirm_law(session, OPERATOR, asked)
        text = await self.page_of(shared_registry, "NJ")
        assert "Confirmed by Chief of Prosecutions" in text
        assert "1970-05-21" in text
        (entry,) = await shared_registry.audit("state.law_confirmed")
        assert (entry["object"], entry["detail"]["confirmed_on"]) == ("NJ", "2026-11-20")
        await shared_registry.rows(
            "UPDATE state_settings SET law_digest = sha256('other') WHERE state = 'NJ' RETURNING 1"
        )
        assert "No counsel of the state" in await self.page_of(shared_registry, "NJ")

    async def page_of(self, registry: Registry, state: str) -> str:
        """Return the page of a request to a state's Attorney General, as that office sees it."""
        sides, request = await with_general(registry, state)
        await send_out(sides, request)
        visitor = await reader(registry, sides[1].office, Role.PROSECUTOR)
        return (await visitor.get(f"/handling/{request}")).text


class TestAgreement:
    async def test_goes_from_a_draft_to_its_end_at_the_pages(
        self, shared_registry: Registry
    ) -> None:
        met, deputy, page = await draft(shared_registry)
        head = await reader(shared_registry, met.first, Role.LEADERSHIP)
        other = await reader(shared_registry, met.second, Role.LEADERSHIP)
        assert (await other.get(page)).status_code == 404
        text = await take(deputy, page, "/moves", "move", "submit")
        assert "Waiting for the asking office" in text
        assert not [f for f in (await deputy.page(page)).forms if "/signatures" in f.action]
        assert await sign(head, page, attestation="I agree.") == 422
        assert await sign(head, page) == 303
        assert "has not accepted" in (await other.get(page)).text

        form = (await other.page(f"{page}/terms")).form("/answers")
        late = await other.send(form, **chosen(form, ends_on="2001-01-01"))
        assert 'id="ends_on-error"' in late.text
        countered = await other.send(form, **chosen(form, lead="2"))
        assert countered.status_code == 303, countered.text
        text = await take(head, page, "/answers", "answer", "accept")
        assert "Version 2" in text
        assert "Waiting for signatures" in text
        assert await sign(head, page) == await sign(other, page) == 303
        text = (await deputy.get(page)).text
        assert "In force" in text
        assert "team-statement.pdf" in text
        assert "where most of the harm was done" in text
        story = text[text.index('id="history"') :]
        told = [
            *(
                "It was drafted.",
                "(your office) signed version 1 to let it go out.",
                "It was sent.",
            ),
            *("proposed version 2.", "It was last answered."),
            "(your office) signed version 2 to bind the office.",
        ]
        assert [each for each in told if each not in story] == []
        text = await take(
            head, page, "/decisions", "decision", "conclude", reason="went_separate_ways"
        )
        assert "The offices go separate ways" in text

    async def test_names_whom_it_asked_as_far_as_the_overlap_does(
        self, shared_registry: Registry
    ) -> None:
        met, deputy, page = await draft(shared_registry)
        asked = (await met.first.overlaps())[0]["counterpart"]["office"]["name"]
        for path in (page, "/handling"):
            assert asked in (await deputy.get(path)).text
        await met.second.put_case("24-1", {**met.second_case, "disclosure": "contact_first"})
        for path, said in ((page, "not yet named"), ("/handling", "other office of the overlap")):
            text = (await deputy.get(path)).text
            assert asked not in text
            assert said in text

    async def test_a_draft_that_is_not_right_keeps_what_was_filled_in(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry)
        deputy = await reader(shared_registry, met.first, Role.PROSECUTOR)
        form = (await deputy.page(f"/overlaps/{met.overlap_id}/agreement")).form("/handling")
        sent = chosen(form, kind="co_counsel", notice_days="21", statutes="not a statute!")
        refused = await deputy.send(form, **sent)
        assert refused.status_code == 422
        assert 'id="statutes-error"' in refused.text
        assert 'value="21"' in refused.text
        assert '<option value="2" selected>' in refused.text
        refused = await deputy.send(form, **sent | {"statutes": "", "office_1": "zz-nobody"})
        assert refused.status_code == 422
        assert 'id="office_1-error"' in refused.text
        assert 'value="zz-nobody"' in refused.text
        assert 'value="21"' in refused.text
        (seen,) = await met.first.overlaps()
        assert (await met.first.http.get("/v1/handling-requests")).json()["items"] == []
        assert seen["id"] == met.overlap_id

    async def test_only_who_asked_withdraws(self, shared_registry: Registry) -> None:
        met, deputy, page = await draft(shared_registry)
        analyst = await reader(shared_registry, met.first, Role.ANALYST)
        assert not [f for f in (await analyst.page(page)).forms if f.action.endswith("/moves")]
        assert "took it back" in await take(deputy, page, "/moves", "move", "withdraw")


class TestFurtherOffices:
    async def test_are_found_by_a_part_of_their_name_and_what_is_chosen_stays(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry)
        open_one, hidden_one = await make_offices(shared_registry)
        near = await meet(shared_registry, offices=[met.first, open_one], external_id="25-1")
        pair = [met.first, hidden_one]
        far = await meet(shared_registry, second="contact_first", offices=pair, external_id="25-2")
        deputy = await reader(shared_registry, met.first, Role.PROSECUTOR)
        path = f"/overlaps/{met.overlap_id}/agreement"
        form = (await deputy.page(path)).form("/handling")
        looking = Form(path, chosen(form, **{**form.fields, "notice_days": "21"}))
        found = await deputy.send(looking, also_named=open_one.code[3:])
        assert f'<option value="{near.overlap_id}">' in found.text
        assert 'value="21"' in found.text
        for named in ("no such", hidden_one.code):
            kept = await deputy.send(looking, also_named=named, also_1=near.overlap_id)
            assert f'<option value="{near.overlap_id}" selected>' in kept.text, named
            assert far.overlap_id not in kept.text, named
        part = {"HX-Request": "true", "HX-Request-Type": "partial"}
        sent = {**looking.fields, "also_named": "no such"}
        assert "No overlap shows such an office" in (await deputy.post(path, sent, **part)).text
        assert "<!doctype" not in (await deputy.post(path, sent, **part)).text

    async def test_are_looked_for_by_enter_without_a_script_before_anything_is_kept(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry)
        deputy = await reader(shared_registry, met.first, Role.PROSECUTOR)
        path = f"/overlaps/{met.overlap_id}/agreement"
        draft_page = await deputy.get(path)
        form = PageReader(draft_page.text).form("/handling")
        typed = chosen(form, kind="joint_handling", notice_days="21", also_named="no such")
        sought = await deputy.send(form, **typed, **enter_says(draft_page.text))
        assert (sought.status_code, 'value="21"' in sought.text) == (200, True)
        assert "No overlap shows such an office" in sought.text
        assert (await met.first.http.get("/v1/handling-requests")).json()["items"] == []
        again = PageReader(sought.text).form("/handling")
        kept = await deputy.send(again, **{**again.fields, **typed, **enter_says(sought.text)})
        assert kept.headers["location"].startswith("/handling/")  # in another field: it was found


class TestList:
    async def test_is_narrowed_by_what_the_own_office_is_to_give(
        self, shared_registry: Registry
    ) -> None:
        met, deputy, page = await draft(shared_registry)
        head = await reader(shared_registry, met.first, Role.LEADERSHIP)
        other = await reader(shared_registry, met.second, Role.LEADERSHIP)

        async def listed(who: Reader) -> set[str]:
            standings = get_args(Standing)
            found = {name: await who.get(f"/handling?standing={name}") for name in standings}
            return {name for name, answer in found.items() if f'href="{page}"' in answer.text}

        assert (await listed(head), await listed(other)) == ({"all"}, set())
        await take(deputy, page, "/moves", "move", "submit")
        assert (await listed(head), await listed(other)) == ({"all", "signature"}, set())
        await sign(head, page)
        assert (await listed(head), await listed(other)) == ({"all"}, {"all", "answer"})
        await take(other, page, "/answers", "answer", "accept")
        assert await listed(head) == await listed(other) == {"all", "signature"}
        await sign(head, page)
        assert (await listed(head), await listed(other)) == ({"all"}, {"all", "signature"})
        await sign(other, page)
        assert await listed(head) == await listed(other) == {"all", "in_force"}
        later = (date.today() + timedelta(days=400)).isoformat()  # noqa: DTZ011 -- any that is later
        await take(head, page, "/answers", "answer", "extend", ends_on=later)
        assert await listed(other) == {"all", "in_force", "signature"}
        await take(head, page, "/decisions", "decision", "conclude", reason="charges_declined")
        assert await listed(head) == await listed(other) == {"all", "ended"}
        part = {"HX-Request": "true", "HX-Request-Type": "partial"}
        for kind, is_shown in (("joint_handling", True), ("consult", False)):
            shown = (await head.get(f"/handling?kind={kind}", **part)).text
            assert (f'href="{page}"' in shown, "<!doctype" in shown) == (is_shown, False), kind
            assert ("Show all of your" in shown) is not is_shown


class TestRefusals:
    async def test_are_told_at_the_form_which_keeps_what_was_typed(
        self, shared_registry: Registry
    ) -> None:
        met, deputy, page = await draft(shared_registry)
        terms = (await deputy.page(f"{page}/terms")).form("/moves")
        assert (await deputy.send(terms, **chosen(terms, notice_days="20"))).status_code == 303
        behind = await deputy.send(terms, **chosen(terms, notice_days="21"), key=uuid4().hex)
        assert (behind.status_code, 'value="21"' in behind.text) == (412, True)
        assert "Somebody changed it" in behind.text
        again = PageReader(behind.text).form("/moves")
        assert (await deputy.send(again, **chosen(again, notice_days="21"))).status_code == 303

        head = await reader(shared_registry, met.first, Role.LEADERSHIP)
        other = await reader(shared_registry, met.second, Role.LEADERSHIP)
        await take(deputy, page, "/moves", "move", "submit")
        assert await sign(head, page) == 303
        await take(other, page, "/answers", "answer", "accept")
        assert await sign(head, page) == await sign(other, page) == 303
        found = (await head.page(page)).forms
        (form,) = [each for each in found if each.fields.get("answer") == "admit"]
        refused = await head.send(form, office="ZZ-NOBODY")
        assert (refused.status_code, 'id="office-error"' in refused.text) == (422, True)
        assert 'value="ZZ-NOBODY"' in refused.text
