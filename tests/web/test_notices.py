"""Pages of notices and webhooks: lists, marks, choices, and two administrators."""

from typing import get_args

from app.access.vocabulary import Role
from app.web import notice_words
from tests.factories import Registry
from tests.scenes import all_ended, make_offices, meet
from tests.web.pages import PageReader, reader

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
HOOK = "https://cms.example.com/joinder"


class TestNotices:
    async def test_are_counted_in_the_menu_and_marked_one_by_one_or_all(
        self, shared_registry: Registry
    ) -> None:
        offices = await make_offices(shared_registry)
        visitor = await reader(shared_registry, offices[0], Role.PROSECUTOR)
        first = await meet(shared_registry, offices=offices)
        await meet(shared_registry, offices=offices, external_id="24-2")
        await all_ended(shared_registry)
        answer = await visitor.get("/notices")
        assert answer.text.count("data-unread>2<") == 3  # twice in the menu, and beside the filter
        page = PageReader(answer.text)
        assert page.inline == []
        assert f"/overlaps/{first.overlap_id}" in page.links
        one = [form for form in page.forms if form.action.startswith("/notices/evt_")]
        assert len(one) == 2
        assert (await visitor.send(one[0])).headers["location"] == "/notices"
        assert "data-unread>1<" in (await visitor.get("/overlaps")).text
        page = await visitor.page("/notices")
        done = await visitor.send(page.form("/notices/read"))
        assert done.headers["location"] == "/notices?note=notices-read"
        assert "data-some-unread hidden>" in (await visitor.get("/overlaps")).text

    async def test_of_a_kind_are_left_out_when_the_person_says_so(
        self, shared_registry: Registry
    ) -> None:
        offices = await make_offices(shared_registry)
        visitor = await reader(shared_registry, offices[0], Role.PROSECUTOR)
        await meet(shared_registry, offices=offices)
        await all_ended(shared_registry)
        form = (await visitor.page("/notices/settings")).form("/notices/settings")
        assert form.fields.pop("tell-overlap.found") == "yes"
        kept = await visitor.send(form)
        assert kept.headers["location"] == "/notices/settings?note=choices-kept"
        again = (await visitor.page("/notices/settings")).form("/notices/settings")
        assert "tell-overlap.found" not in again.fields
        assert "tell-overlap.updated" in again.fields
        assert (await visitor.page("/notices")).tags.count("tr") == 0

    async def test_are_narrowed_to_unread_ones_and_to_what_they_are_about(
        self, shared_registry: Registry
    ) -> None:
        offices = await make_offices(shared_registry)
        visitor = await reader(shared_registry, offices[0], Role.PROSECUTOR)
        await meet(shared_registry, offices=offices)
        await meet(shared_registry, offices=offices, external_id="24-2")
        await all_ended(shared_registry)
        (one, _) = (await visitor.page("/notices?about=overlap&show=unread")).forms_to("/read")
        marked = await visitor.send(one)
        assert marked.headers["location"] == "/notices?show=unread&about=overlap"
        for asked, shown in (("", 2), ("show=unread", 1), ("about=overlap", 2), ("about=case", 0)):
            part = (await visitor.get(f"/notices?{asked}", **PART)).text
            assert (part.count("<tr>") - bool(shown), "<!doctype" in part) == (shown, False), asked
        assert "Show all" in (await visitor.get("/notices?about=case")).text
        for way in ({}, PART):  # what is filtered away is not marked as read with the rest
            for of, marks_all in (("", 1), ("?about=overlap", 0)):
                forms = PageReader((await visitor.get(f"/notices{of}", **way)).text).forms
                assert [form.action for form in forms].count("/notices/read") == marks_all
        assert (await visitor.get("/notices?about=weather")).status_code == 422

    def test_of_every_type_are_about_something_that_can_be_asked_for(self) -> None:
        assert {name.partition(".")[0] for name in notice_words.TYPES} == set(notice_words.ABOUT)
        assert list(notice_words.ABOUT) == list(get_args(notice_words.About))


class TestWebhooks:
    async def test_are_added_by_one_administrator_and_approved_by_another(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        one, two = [await reader(shared_registry, office, Role.ADMINISTRATOR) for _ in range(2)]
        add = (await one.page("/webhooks")).form("/webhooks")
        refused = await one.send(add, url="http://cms.example.com/")
        assert (refused.status_code, "whsec_" in refused.text) == (422, False)
        shown = await one.send(add, url=HOOK)
        assert shown.status_code == 200
        assert "whsec_" in shown.text
        (path,) = [
            link for link in (await two.page("/webhooks")).links if link.startswith("/webhooks/whk")
        ]
        assert "whsec_" not in (await one.get(path)).text
        assert [f for f in (await one.page(path)).forms if f.action.endswith("/approve")] == []
        approved = await two.send((await two.page(path)).form("/approve"))
        assert approved.headers["location"] == f"{path}?note=webhook-approved"
        await one.send((await one.page(path)).form("/test"))
        tested = await one.get(path)
        assert "webhook.test" in tested.text
        await one.send((await one.page(path)).form("/pause"))
        assert "Paused" in (await one.get(path)).text
        form = (await one.page(f"{path}/delete")).form("/delete")
        deleted = await one.send(form)
        assert deleted.headers["location"] == "/webhooks?note=webhook-deleted"
        assert (await one.get(path)).status_code == 404

    async def test_make_a_secret_once_however_often_the_page_is_loaded_again(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        one = await reader(shared_registry, office, Role.ADMINISTRATOR)
        await one.send((await one.page("/webhooks")).form("/webhooks"), url=HOOK)
        links = (await one.page("/webhooks")).links
        (path,) = [link for link in links if link.startswith("/webhooks/whk")]
        assert {f"{path}/secret", f"{path}/delete"} <= set((await one.page(path)).links)
        form = (await one.page(f"{path}/secret")).form("/secret")
        made = await one.send(form)
        assert made.text.count("whsec_") == 1

        async def sealed() -> object:
            return await shared_registry.rows(
                "SELECT secret_sealed FROM webhooks WHERE office_id ="
                " (SELECT id FROM offices WHERE code = :code)",
                code=office.code,
            )

        kept = await sealed()
        again = await one.send(form)
        assert again.headers["location"] == f"{path}?note=secret-shown"
        assert await sealed() == kept
        secret = made.text[made.text.index("whsec_") :].split("<")[0]
        answers = await shared_registry.rows("SELECT body || headers::text FROM idempotency_keys")
        assert secret not in str(answers)
