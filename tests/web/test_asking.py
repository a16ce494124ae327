"""What offices ask of each other at the pages: contacts, second looks, advice; and networks."""

import re

from app.access.vocabulary import Role
from app.web.advice_routes import DESKS_AT_ONCE
from tests.blinding import case
from tests.factories import Registry
from tests.networks.test_networks import share
from tests.scenes import all_ended, make_offices, meet, phone, someone
from tests.second_looks.test_second_looks import declined
from tests.web.pages import PageReader, Reader, reader


def _link(page: PageReader, head: str) -> str:
    return next(link for link in page.links if link.startswith(head))


class TestContacts:
    async def test_asking_shows_who_asks_and_accepting_whom_to_call(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry, second="contact_first")
        asker = await reader(shared_registry, met.first, Role.PROSECUTOR)
        form = (await asker.page(f"/overlaps/{met.overlap_id}")).form("/contact")
        without = await asker.send(form)
        assert (without.status_code, 'id="contact_reason-error"' in without.text) == (422, True)
        first = await asker.send(form, contact_reason="act_ahead")
        again = await asker.send(form, contact_reason="act_ahead")
        assert first.headers["location"] == again.headers["location"], first.text
        page = first.headers["location"].partition("?")[0]
        assert met.second.code not in (await asker.get(page)).text
        overlap = await asker.page(f"/overlaps/{met.overlap_id}")
        assert page in overlap.links
        assert not [each for each in overlap.forms if each.action.endswith("/contact")]

        owner = await reader(shared_registry, met.second, Role.COORDINATOR)
        assert page in (await owner.page("/contact-requests")).links
        shown = await owner.get(page)
        assert f"Office {met.first.code}" in shown.text
        accept, decline = [f for f in PageReader(shown.text).forms if f.action.endswith("answers")]
        unreasoned = await owner.send(decline, answer="decline")
        assert 'id="reason-error"' in unreasoned.text
        assert (await owner.send(accept, answer="accept")).status_code == 303
        assert f"Office {met.second.code}" in (await asker.get(page)).text
        late = await owner.send(decline, answer="decline", reason="later")
        assert (late.status_code, "has expired" in late.text) == (409, True)

    async def test_who_declines_says_why_and_sees_no_longer_who_asked(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry, first="contact_first", second="contact_first")
        asker = await reader(shared_registry, met.first, Role.PROSECUTOR)
        form = (await asker.page(f"/overlaps/{met.overlap_id}")).form("/contact")
        made = await asker.send(form, contact_reason="same_subject")
        page = made.headers["location"].partition("?")[0]
        owner = await reader(shared_registry, met.second, Role.LEADERSHIP)
        _, decline = [f for f in (await owner.page(page)).forms if f.action.endswith("answers")]
        await owner.send(decline, answer="decline", reason="investigation_at_risk")
        assert "An investigation would be at risk" in (await asker.get(page)).text
        assert met.first.code not in (await owner.get(page)).text


class TestSecondLooks:
    async def test_a_declined_case_comes_back_and_is_closed_with_an_outcome(
        self, shared_registry: Registry
    ) -> None:
        owner, _ = await declined(shared_registry)
        deputy = await reader(shared_registry, owner, Role.PROSECUTOR)
        page = await deputy.page("/second-looks")
        read, close = [form for form in page.forms if form.action.endswith("/steps")]
        without = await deputy.send(close, event="close")
        assert (without.status_code, "-error" in without.text) == (422, True)
        assert (await deputy.send(read, event="acknowledge")).status_code == 303
        stale = await deputy.send(close, event="close", outcome="consulting")
        assert stale.status_code == 412
        (fresh,) = [f for f in (await deputy.page("/second-looks")).forms if "steps" in f.action]
        done = await deputy.send(fresh, event="close", outcome="consulting")
        text = (await deputy.get(done.headers["location"])).text
        assert "We consult the other office" in text
        assert not [form for form in PageReader(text).forms if "steps" in form.action]


class TestAdvice:
    async def test_a_question_is_asked_taken_answered_and_used(
        self, shared_registry: Registry
    ) -> None:
        asking, desk = await make_offices(shared_registry)
        head = await reader(shared_registry, desk, Role.LEADERSHIP)
        offer = (await head.page("/infusion")).form("/desk")
        assert (await head.send(offer, **{"topic-coercion": "on"})).status_code == 303
        deputy = await reader(shared_registry, asking, Role.PROSECUTOR)
        form = (await deputy.page(f"/infusion/new?desk={desk.code}")).form("/new")
        asked = {"desk": desk.code, "topic": "coercion", "trafficking_type": "labor"}
        refused = await deputy.send(form, **asked, question="Call me at 415-555-0142 about it.")
        assert (refused.status_code, 'id="question-error"' in refused.text) == (422, True)
        text = "How did you prove a debt that grew while wages were paid?"
        made = await deputy.send(form, **asked, question=text)
        page = made.headers["location"].partition("?")[0]
        # one draft for an address: what is typed as an answer is kept whoever says "we are at it"
        assert (await head.get(page)).text.count("data-draft") == 1
        await all_ended(shared_registry)
        assert page in (await head.page("/notices")).links
        for step, fields in (
            ("take", {}),
            ("answer", {"advice": "Compare the ledgers of the same weeks."}),
        ):
            (next_form,) = [
                form for form in (await head.page(page)).forms if form.fields.get("step") == step
            ]
            taken = await head.send(next_form, **fields)
            assert taken.status_code == 303, taken.text
        answered = await deputy.get(page)
        assert "Compare the ledgers" in answered.text
        assert f"Answer of Office {desk.code}" in answered.text
        assert f"Asked by Office {asking.code}" in (await head.get(page)).text
        for visitor, side, other in ((deputy, "asked", desk), (head, "received", asking)):
            listed = (await visitor.get(f"/infusion?direction={side}")).text
            assert f">Office {other.code}</td>" in listed
        (use,) = [f for f in PageReader(answered.text).forms if f.fields.get("step") == "use"]
        assert 'id="use-error"' in (await deputy.send(use)).text
        assert (await deputy.send(use, use="used:charging")).status_code == 303
        figures = (await head.get("/infusion?direction=received")).text
        assert re.search(r"Half of them within\">1 hour<", figures)

    async def test_every_desk_is_offered_however_many_there_are(
        self, shared_registry: Registry
    ) -> None:
        asking, *others = await make_offices(shared_registry, DESKS_AT_ONCE + 2)
        await shared_registry.rows(
            "INSERT INTO infusion_desks (office_id, topic, offered_at)"
            " SELECT id, 'coercion', now() FROM offices WHERE code = ANY (:codes)"
            " RETURNING office_id",
            codes=[each.code for each in others],
        )
        deputy = await reader(shared_registry, asking, Role.PROSECUTOR)
        text = (await deputy.get("/infusion/new")).text
        assert [each.code for each in others if f'value="{each.code}"' not in text] == []


class TestNetwork:
    async def test_is_drawn_and_told_in_a_table_with_nothing_beyond_the_ladder(
        self, shared_registry: Registry
    ) -> None:
        me, hub, shy = await make_offices(shared_registry, 3)
        one, two, three = [someone(ref=str(place), phones=(phone(),)) for place in range(3)]
        await hub.put_case("24-hub", case(one, two))
        await shy.put_case("24-shy", case(three, disclosure="contact_first"))
        await me.put_case("24-1", case(one))
        await me.put_case("24-2", case(two, three))
        await share(shared_registry, hub, "24-hub", me)
        deputy = await reader(shared_registry, me, Role.ANALYST)
        shown = await deputy.get("/cases/cms/24-1/network")
        page = PageReader(shown.text)
        assert page.tags.count("path") == 3  # its overlaps; two of them with one case of hub
        assert len({link for link in page.links if link.startswith("/overlaps/ovl_")}) == 3
        assert shown.text.count("<rect") == 4
        assert shy.code not in shown.text
        assert "3 overlaps between them" in shown.text

    async def test_a_check_before_an_operation_sends_to_who_knows_of_places_and_times(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry)
        deputy = await reader(shared_registry, met.first, Role.PROSECUTOR)
        form = (await deputy.page("/cases/cms/24-1")).form("/checks")
        for act, is_told in (("plea", False), ("operation", True)):
            shown = await deputy.send(form, act=act)
            assert ("RISSafe" in shown.text) is is_told
            assert "Checked before" in shown.text

    async def test_checks_of_before_are_kept_as_they_were(self, shared_registry: Registry) -> None:
        met = await meet(shared_registry)
        deputy = await reader(shared_registry, met.first, Role.PROSECUTOR)
        await deputy.send((await deputy.page("/cases/cms/24-1")).form("/checks"), act="plea")
        link = _link(await deputy.page("/cases/cms/24-1"), "/cases/cms/24-1/checks")
        text = (await deputy.get(link)).text
        assert "by you." in text
        assert "Call the office" in text
        stranger: Reader = await reader(shared_registry, met.second, Role.PROSECUTOR)
        assert "No check so far" in (await stranger.get("/cases/cms/24-1/checks")).text
