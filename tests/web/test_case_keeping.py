"""Taking a case back, holding it, correcting it, and vouching for its summary, on the pages."""

from uuid import uuid4

from app.access.vocabulary import Role
from tests.blinding import case
from tests.factories import Registry
from tests.scenes import meet, someone
from tests.web.pages import reader
from tests.web.test_case_change import SAID

PATH = "/cases/cms/24-1"


class TestWithdrawal:
    async def test_says_what_follows_asks_why_and_ends_the_overlaps(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        visitor = await reader(shared_registry, meeting.first, Role.PROSECUTOR)
        assert f"{PATH}/withdrawal" in (await visitor.page(PATH)).links
        page = await visitor.page(f"{PATH}/withdrawal")
        refused = await visitor.send(page.form("/withdrawal"))
        assert (refused.status_code, "Choose why" in refused.text) == (422, True)
        assert await meeting.second.overlaps()
        gone = await visitor.send(page.form("/withdrawal"), reason="closed")
        assert gone.headers["location"] == "/cases?note=case-withdrawn"
        listed = await visitor.get(gone.headers["location"])
        assert ("is withdrawn" in listed.text, PATH in listed.text) == (True, False)
        assert (await visitor.get(PATH)).status_code == 404
        assert await meeting.second.overlaps() == []
        entry = (await shared_registry.audit("case.withdrawn"))[-1]
        assert entry["detail"] == {"reason": "closed"}

    async def test_is_of_the_version_that_was_read_and_for_who_posts(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        visitor = await reader(shared_registry, meeting.first, Role.ANALYST)
        form = (await visitor.page(f"{PATH}/withdrawal")).form("/withdrawal")
        change = (await visitor.page(f"{PATH}/change")).form("/change")
        assert (await visitor.send(change, **SAID)).status_code == 303
        refused = await visitor.send(form, reason="closed")
        assert (refused.status_code, "somebody changed" in refused.text) == (412, True)
        coordinator = await reader(shared_registry, meeting.first, Role.COORDINATOR)
        assert (await coordinator.get(f"{PATH}/withdrawal")).status_code == 403
        assert f"{PATH}/withdrawal" not in (await coordinator.page(PATH)).links
        fields = (await coordinator.page(PATH)).form("/sign-out").fields
        answer = await coordinator.post(f"{PATH}/withdrawal", {**fields, "reason": "closed"})
        assert answer.status_code == 403
        assert (await visitor.get(PATH)).status_code == 200


class TestHold:
    async def test_keeps_the_case_until_it_is_lifted(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        head = await reader(shared_registry, meeting.first, Role.LEADERSHIP)
        assert f"{PATH}/hold" in (await head.page(PATH)).links
        form = (await head.page(f"{PATH}/hold")).form("/hold")
        for reason in ("", "Call 415-555-0142 about it."):
            assert (await head.send(form, reason=reason)).status_code == 422
        held = await head.send(form, reason="Preservation order of the court.")
        assert held.headers["location"] == f"{PATH}?note=case-held"
        assert await meeting.second.overlaps() == []
        page = await head.page(PATH)
        assert not {f"{PATH}/withdrawal", f"{PATH}/change"} & set(page.links)
        assert "A legal hold keeps it" in (await head.get(f"{PATH}/withdrawal")).text
        shown = await head.get(f"{PATH}/hold")
        assert "Preservation order of the court." in shown.text
        lifted = await head.send((await head.page(f"{PATH}/hold")).form("/hold/lift"))
        assert lifted.headers["location"] == f"{PATH}?note=case-hold-lifted"
        deputy = await reader(shared_registry, meeting.first, Role.PROSECUTOR)
        assert (await deputy.get(f"{PATH}/hold")).status_code == 403
        assert f"{PATH}/hold" not in (await deputy.page(PATH)).links


class TestCorrections:
    async def test_one_records_and_another_says_what_came_of_it(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        one, two = [await reader(shared_registry, meeting.first, Role.LEADERSHIP) for _ in range(2)]
        path = f"{PATH}/corrections"
        assert path in (await one.page(PATH)).links
        form = (await one.page(path)).form("/corrections")
        assert (await one.send(form)).status_code == 422
        for _ in range(2):  # sent twice, it is recorded once
            sent = await one.send(form, asked_for="counsel", ground="not_the_person")
            assert sent.headers["location"] == f"{path}?note=correction-asked"
        (read,) = (await meeting.first.http.get(f"/v1{path}")).json()["items"]
        settle = (await one.page(path)).form(f"{read['id']}/outcome")
        assert (await one.send(settle, outcome="stands")).status_code == 403
        settle = (await two.page(path)).form(f"{read['id']}/outcome")
        assert (await two.send(settle)).status_code == 422
        done = await two.send(settle, outcome="changed")
        assert "The entry was changed" in (await two.get(done.headers["location"])).text

    async def test_one_that_is_due_has_its_place_also_when_the_case_is_withdrawn(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        one, two = [await reader(shared_registry, meeting.first, Role.LEADERSHIP) for _ in range(2)]
        path = f"{PATH}/corrections"
        form = (await one.page(path)).form("/corrections")
        await one.send(form, asked_for="counsel", ground="not_the_person")
        assert path in (await two.page("/cases")).links
        assert (await meeting.first.http.delete(f"/v1{PATH}")).status_code == 204
        assert path in (await two.page("/cases")).links
        page = await two.page(path)
        assert PATH not in page.links
        assert {form.action for form in page.forms} == {
            "/sign-out",
            *(form.action for form in page.forms if form.action.endswith("/outcome")),
        }
        (read,) = (await meeting.first.http.get(f"/v1{path}")).json()["items"]
        done = await two.send(page.form(f"{read['id']}/outcome"), outcome="withdrawn")
        assert "The entry was withdrawn" in (await two.get(done.headers["location"])).text
        assert path not in (await two.page("/cases")).links
        ask = {"asked_for": "counsel", "ground": "sealed"}
        once = {"Idempotency-Key": uuid4().hex}
        again = await meeting.first.http.post(f"/v1{path}", json=ask, headers=once)
        assert again.status_code == 404


class TestSummaries:
    async def test_two_persons_let_a_refused_summary_pass(self, shared_registry: Registry) -> None:
        summary = "Crew slept in the trailer that the growers call ABC 1234."
        meeting = await meet(shared_registry)
        one = await reader(shared_registry, meeting.first, Role.PROSECUTOR)
        two = await reader(shared_registry, meeting.first, Role.ANALYST)
        change = (await one.page(f"{PATH}/change")).form("/change")
        refused = await one.send(change, **SAID | {"summary": summary})
        assert (refused.status_code, 'href="/summary-readings"' in refused.text) == (422, True)
        form = (await one.page("/summary-readings")).form("/summary-readings")
        for wrong in (
            {"summary": summary},
            {"summary": summary, "reason": "ABC 1234 is no plate."},
            {"summary": "Crew slept in a trailer.", "reason": "There is nothing in it."},
        ):
            assert (await one.send(form, **wrong)).status_code == 422, wrong
        reason = "The number is one of a trailer on the farm."
        asked = await one.send(form, summary=summary, reason=reason)
        path = asked.headers["location"].partition("?")[0]
        second = (await two.page(path)).form(path)
        assert (
            await one.send((await one.page(path)).form(path), summary=summary)
        ).status_code == 403
        other = await two.send(second, summary=summary + " More.")
        assert (other.status_code, "very text" in other.text) == (422, True)
        agreed = await two.send(second, summary=summary)
        assert agreed.headers["location"] == f"{path}?note=reading-given"
        assert (await one.send(change, **SAID | {"summary": summary})).status_code == 303
        body = case(someone(), summary=summary)
        assert (await meeting.second.put_case("24-9", body)).status_code == 422


class TestFeedChoice:
    async def test_is_leaderships(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        head = await reader(shared_registry, meeting.first, Role.LEADERSHIP)
        assert "/office/feed" in (await head.page("/office")).links
        form = (await head.page("/office/feed")).form("/office/feed")
        assert form.fields["has_contact_first"] == "false"
        del form.fields["has_contact_first"]
        assert (await head.send(form)).status_code == 422
        chosen = await head.send(form, has_contact_first="true")
        assert chosen.headers["location"] == "/office?note=feed-chosen"
        again = (await head.page("/office/feed")).form("/office/feed")
        assert again.fields["has_contact_first"] == "true"
        deputy = await reader(shared_registry, meeting.first, Role.PROSECUTOR)
        assert (await deputy.get("/office/feed")).status_code == 403
