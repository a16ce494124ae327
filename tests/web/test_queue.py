"""What the queue shows beside whose turn it is: due dates, who sees to it, what is new, views."""

import html
import re
from typing import Final

from app.access.vocabulary import Role
from tests.access.people import sign_in
from tests.factories import OfficeClient, Registry
from tests.scenes import make_offices, meet
from tests.web.pages import Reader, reader

PICKED: Final = re.compile(r'name="person" value="(psn_[0-9a-f]+)" type="submit"')


def found(links: list[str]) -> set[str]:
    return {link for link in links if link.startswith("/overlaps/ovl_")}


async def look_again(registry: Registry, office: OfficeClient) -> None:
    """Let the looks of the office's people so far be of earlier sign-ins."""
    await registry.rows(
        "UPDATE queue_visits SET sign_in_began_at = sign_in_began_at - interval '1 day'"
        " WHERE office_id = (SELECT id FROM offices WHERE code = :code) RETURNING person_id",
        code=office.code,
    )


async def take(visitor: Reader, path: str) -> None:
    """Let the reader assign the overlap of a page to itself."""
    mine, *_ = (await visitor.page(path)).forms_to("/assignment")
    name = PICKED.findall((await visitor.get(path)).text)[0]
    assert (await visitor.send(mine, person=name)).status_code == 303


class TestFollowUp:
    """From the first look at an overlap to its end, on its page."""

    async def test_goes_from_new_to_done_and_the_history_says_so(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry)
        visitor = await reader(shared_registry, met.first, Role.PROSECUTOR)
        path = f"/overlaps/{met.overlap_id}"
        assert "Acknowledge it by" in (await visitor.get(path)).text
        await take(visitor, path)
        for event in ("acknowledge", "contact"):
            form = (await visitor.page(path)).forms_to("/follow-up")[0]
            assert (await visitor.send(form, event=event)).status_code == 303
        text = html.unescape((await visitor.get(path)).text)
        assert "Give your office's answer by" in text
        assert "Assign to me" not in text
        ask = (await visitor.page(path)).forms_to("/follow-up")[0]
        assert (await visitor.send(ask, event="ask_disclosure")).status_code == 303
        text = (await visitor.get(path)).text
        assert "to see whether it has to be disclosed. Counsel decides." in text
        assert 'value="ask_disclosure"' not in text
        verdict = (await visitor.page(path)).form("/verdict")
        await visitor.send(verdict, verdict="not_a_match", reason="different_person")
        form = (await visitor.page(path)).forms_to("/follow-up")[-1]
        without = await visitor.send(form, event="resolve")
        assert (without.status_code, 'id="resolution-error"' in without.text) == (422, True)
        done = await visitor.send(form, event="resolve", resolution="not_a_match")
        assert done.status_code == 303
        text = (await visitor.get(path)).text
        for said in ("acknowledged it", "spoke with the other one", "was done with it: not a"):
            assert f"Your office {said}" in text, said

    async def test_is_given_to_a_colleague_who_may_and_taken_back(
        self, shared_registry: Registry
    ) -> None:
        met = await meet(shared_registry)
        head = await reader(shared_registry, met.first, Role.LEADERSHIP)
        deputy = await sign_in(shared_registry, met.first, Role.PROSECUTOR)
        auditor = await sign_in(shared_registry, met.first, Role.AUDITOR)
        path = f"/overlaps/{met.overlap_id}"
        text = (await head.get(path)).text
        assert f'value="psn_{deputy.key.hex}"' in text
        assert f'value="psn_{auditor.key.hex}"' not in text
        form = (await head.page(path)).forms_to("/assignment")[-1]
        refused = await head.send(form, person=f"psn_{auditor.key.hex}")
        assert (refused.status_code, 'id="person-error"' in refused.text) == (422, True)
        assert (await head.send(form, person=f"psn_{deputy.key.hex}")).status_code == 303
        assert f'value="psn_{deputy.key.hex}" selected' in (await head.get(path)).text
        form = (await head.page(path)).forms_to("/assignment")[-1]
        assert (await head.send(form, person="")).status_code == 303
        assert "<dd>Nobody</dd>" in (await head.get(path)).text


class TestQueue:
    async def test_says_what_is_due_when_and_who_sees_to_it(
        self, shared_registry: Registry
    ) -> None:
        offices = await make_offices(shared_registry, 2)
        first = await meet(shared_registry, offices=offices, external_id="24-1")
        second = await meet(shared_registry, offices=offices, external_id="24-2")
        visitor = await reader(shared_registry, offices[0], Role.PROSECUTOR)
        path = f"/overlaps/{first.overlap_id}"
        await take(visitor, path)
        for assigned, expected in (
            ("me", {path}),
            ("nobody", {f"/overlaps/{second.overlap_id}"}),
            ("anyone", {path, f"/overlaps/{second.overlap_id}"}),
        ):
            page = await visitor.page(f"/overlaps?assigned={assigned}")
            assert found(page.links) == expected, assigned
        text = (await visitor.get("/overlaps")).text
        assert text.count('data-label="Due">Acknowledge it') == 2
        assert ">Mine (1)</a>" in text
        await shared_registry.rows(
            'UPDATE "overlaps" SET found_at = found_at - make_interval(days => 90) WHERE id = :key'
            " RETURNING id",
            key=first.key,
        )
        assert (await visitor.get("/overlaps")).text.count(">Late</span>") == 1

    async def test_counts_those_of_the_office_or_of_one_or_of_nobody(
        self, shared_registry: Registry
    ) -> None:
        offices = await make_offices(shared_registry, 2)
        met = [await meet(shared_registry, offices=offices, external_id=f"24-{n}") for n in "123"]
        visitor = await reader(shared_registry, offices[0], Role.PROSECUTOR)
        await take(visitor, f"/overlaps/{met[0].overlap_id}")
        for assigned, tabs in (
            ("anyone", ["3", "0", "0", "3"]),
            ("me", ["1", "0", "0", "1"]),
            ("nobody", ["2", "0", "0", "2"]),
        ):
            text = (await visitor.get(f"/overlaps?assigned={assigned}")).text
            assert re.findall(r"<b>([^<]+)</b>", text) == tabs, assigned

    async def test_waits_for_both_to_agree_until_one_resolves_it(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        sides = meeting.first, meeting.second
        visitors = [await reader(shared_registry, each, Role.PROSECUTOR) for each in sides]

        async def tabs() -> list[list[str]]:
            texts = [(await visitor.get("/overlaps")).text for visitor in visitors]
            return [re.findall(r"<b>([^<]+)</b>", text) for text in texts]

        path = f"/overlaps/{meeting.overlap_id}"
        await meeting.first.say(meeting.overlap_id, "confirmed")
        await meeting.second.say(meeting.overlap_id, "not_a_match", "different_person")
        assert await tabs() == [["1", "0", "0", "1"]] * 2
        for visitor in visitors:
            assert found((await visitor.page("/overlaps?turn=ours")).links) == {path}
            assert found((await visitor.page("/overlaps?turn=settled")).links) == set()
        await shared_registry.rows(
            "INSERT INTO follow_ups (office_id, overlap_id, version, round, resolved_at,"
            " resolution, resolved_evidence)"
            " SELECT s.office_id, o.id, 1, 1, now(), 'handled_jointly', o.evidence"
            ' FROM overlap_sides s JOIN "overlaps" o ON o.id = s.overlap_id'
            " JOIN offices f ON f.id = s.office_id WHERE o.id = :key AND f.code = :code"
            " RETURNING 1",
            key=meeting.key,
            code=meeting.first.code,
        )
        assert await tabs() == [["0", "0", "1", "1"], ["1", "0", "0", "1"]]
        assert found((await visitors[0].page("/overlaps?turn=settled")).links) == {path}
        await meeting.second.say(meeting.overlap_id, "need_information")
        assert await tabs() == [["0", "0", "1", "1"]] * 2

    async def test_marks_what_came_since_the_last_sign_in(self, shared_registry: Registry) -> None:
        offices = await make_offices(shared_registry, 2)
        old = await meet(shared_registry, offices=offices, external_id="24-1")
        visitor = await reader(shared_registry, offices[0], Role.ANALYST)
        assert ">New</span>" not in (await visitor.get("/overlaps")).text
        await look_again(shared_registry, offices[0])
        new = await meet(shared_registry, offices=offices, external_id="24-2")
        for _ in range(2):  # a second look in the same sign-in takes nothing from it
            shown = await visitor.get("/overlaps")
            assert shown.text.count(">New</span>") == 1
            assert "Since your last visit (1)" in shown.text
        page = await visitor.page("/overlaps?new=1")
        assert found(page.links) == {f"/overlaps/{new.overlap_id}"}
        assert old.overlap_id != new.overlap_id

    async def test_views_are_saved_under_a_name_for_one_person(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        visitor = await reader(shared_registry, office, Role.PROSECUTOR)
        filters = "/overlaps?turn=ours&band=strong&assigned=me"
        form = (await visitor.page(f"{filters}&case=24-1")).form("/views")
        assert form.fields["case"] == "24-1", "which outlives no case"
        refused = await visitor.send(form, name="Ms. 415-555-0142")
        assert "note=view-refused" in refused.headers["location"]
        saved = await visitor.send(form, name="My strong ones")
        assert saved.headers["location"] == f"{filters}&note=view-saved"
        again = await visitor.send(form, name="My strong ones")
        assert again.status_code == 303
        page = await visitor.page("/overlaps")
        assert page.links.count(filters) == 1
        colleague = await reader(shared_registry, office, Role.PROSECUTOR)
        assert filters not in (await colleague.page("/overlaps")).links
        await visitor.send(page.form("/forgotten"), name="My strong ones")
        assert filters not in (await visitor.page("/overlaps")).links

    async def test_the_attorney_general_sees_what_waits_for_mediation(
        self, shared_registry: Registry
    ) -> None:
        (office,) = await make_offices(shared_registry, 1)
        head = await reader(shared_registry, office, Role.COORDINATOR)
        assert "Nothing waits for you" in (await head.get("/state?of=waiting")).text
        nobody = await sign_in(shared_registry, office, Role.PROSECUTOR)
        assert (await nobody.http.get("/state?of=waiting")).status_code == 403

    async def test_the_state_overview_takes_its_filters_from_the_address(
        self, shared_registry: Registry
    ) -> None:
        offices = [await shared_registry.add_office(f"WY-{n}") for n in range(2)]
        general = await shared_registry.add_office("WY-AG", kind="attorney_general")
        await meet(shared_registry, offices=offices)
        head = await reader(shared_registry, general, Role.COORDINATOR)
        for filters, is_listed in (
            ("", True),
            ("of=all&band=strong&days=7", True),
            ("band=&days=", True),
            ("band=possible", False),
            ("of=waiting&band=strong", False),
        ):
            shown = (await head.get(f"/state?{filters}")).text
            assert ("Two local prosecutor" in shown) == is_listed, filters
            assert ("No overlap fits what you asked for" in shown) != is_listed, filters
