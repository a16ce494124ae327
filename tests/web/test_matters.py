"""Matters at the pages: the list, people, tasks, notes, and the lead that is handed over."""

from typing import Any

from app.access.vocabulary import Role
from app.core.clock import utc_now
from tests.factories import Registry
from tests.handling.heads import draft, settle
from tests.web.pages import Reader, reader
from tests.web.test_agreements import take


async def send(visitor: Reader, page: str, ending: str, **fields: Any) -> Any:
    """Send the one form of the page whose address ends so; return the answer."""
    (form,) = [f for f in (await visitor.page(page)).forms if f.action.endswith(ending)]
    return await visitor.send(form, **fields)


class TestMatter:
    async def test_is_worked_on_and_its_lead_handed_over(self, shared_registry: Registry) -> None:
        sides, request = await draft(shared_registry)
        matter = (await settle(sides, request))["matter_id"]
        first, second = [
            await reader(shared_registry, side.office, Role.LEADERSHIP) for side in sides
        ]
        page, today = f"/matters/{matter}", utc_now().date().isoformat()
        assert f'href="{page}"' in (await second.get("/matters?state=open&role=")).text
        assert f'href="{page}"' not in (await second.get("/matters?role=lead")).text
        member = await send(first, page, "/members", name="Dana Sample", post="analyst")
        assert member.status_code == 303, member.text
        assert "Dana Sample" in (await second.get(page)).text
        assert not [f for f in (await second.page(page)).forms if "/ends" in f.action]
        assert (await send(first, page, "/ends")).status_code == 303
        due = {"task_office": sides[1].office.code, "task_kind": "filing", "due_on": today}
        assert (await send(first, page, "/tasks", **due)).status_code == 303
        assert (await send(second, page, "/completions")).status_code == 303
        wrong = await send(second, page, "/notes", note_kind="decision", text="Call 415-555-0132.")
        assert wrong.status_code == 422
        assert 'id="text-error"' in wrong.text
        note = {"note_kind": "decision", "text": "Filed in one county.", "asks_disclosure": "yes"}
        assert (await send(second, page, "/notes", **note)).status_code == 303
        text = (await first.get(page)).text
        assert "Filed in one county." in text
        assert "may be discoverable" in text
        assert "May have to be disclosed" in text
        assert text.count('data-label="Task">Disclosure review') == len(sides)
        ledger = (await second.get(f"{page}/origin")).text
        assert "A request was sent" in ledger
        assert f"Office {sides[0].office.code}" in ledger
        assert not [f for f in (await second.page(page)).forms if "/lead-offers" in f.action]
        to = sides[1].office.code
        assert (await send(first, page, "/lead-offers", lead_office=to)).status_code == 303
        assert (await send(second, page, "/acceptances")).status_code == 303
        assert "led by your office" in (await second.get(page)).text

    async def test_lets_another_office_join_and_one_leave(self, shared_registry: Registry) -> None:
        sides, request = await draft(shared_registry, 3)
        matter = (await settle(sides, request))["matter_id"]
        for side, number in zip(sides, ("24-0", "24-0", "24-1"), strict=True):
            told = (await side.office.http.get(f"/v1/matters/{matter}")).json()
            assert told["case"] == {"source_system": "cms", "external_id": number}
            visitor = await reader(shared_registry, side.office, Role.ANALYST)
            assert f"Your case {number}" in (await visitor.get("/matters")).text
        newcomer = await shared_registry.add_office(sides[0].office.code.replace("-", "-N"))
        leaver = await reader(shared_registry, sides[1].office, Role.LEADERSHIP)
        page = f"/handling/{request}"
        text = await take(leaver, page, "/answers", "answer", "admit", office=newcomer.code)
        assert f"Office {newcomer.code} ({newcomer.code}) joins when all have signed" in text
        assert "Sign for your office" in text
        text = await take(leaver, page, "/decisions", "decision", "leave")
        assert "gave notice" in text
        assert not [f for f in (await leaver.page(page)).forms if "leave" in f.fields.values()]
