"""What ends by its date alone is in the audit of whose it was, once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.jobs.nightly import run
from app.jobs.steps import steps
from app.proposals import service
from tests.access.people import Person, sign_in
from tests.factories import Registry
from tests.proposals.test_service import TWO, Case, approve, propose
from tests.scenes import Meeting, meet
from tests.wall.acting import office_id

CASE = "/v1/cases/cms/24-1"
ENDS = {
    "case.grant_expired": "in_force",
    "glass.ended": "in_force",
    "proposal.expired": "proposed",
    "summary.reading_expired": "asked",
    "wall.lift_expired": "asked",
    "webhook.lapsed": "proposed",
}


@pytest.fixture
async def meeting(registry: Registry) -> Meeting:
    return await meet(registry, "open", "contact_first")


async def night(registry: Registry, hours: float, limit: int = 500) -> int:
    """Take the step so many hours from now, and return how many entries it wrote."""
    only = [step for step in steps(registry.app.state.intake) if step.name == "lapses.record"]
    as_of = utc_now() + timedelta(hours=hours)
    (done,) = await run(
        registry.operator, [replace(each, limit=limit) for each in only], as_of=as_of
    )
    assert done.state == "succeeded", done
    return done.count


async def grant(head: Person, meeting: Meeting, rung: str, hours: int) -> dict[str, Any]:
    """Let the other office see the case for so long."""
    asked = {
        "office": meeting.first.code,
        "rung": rung,
        "purpose": "coordination",
        "expires_at": (utc_now() + timedelta(hours=hours)).isoformat(),
    }
    answer = await head.send("POST", f"{CASE}/grants", asked)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


class TestRecord:
    async def test_each_is_written_down_once_where_its_office_reads_it(
        self, registry: Registry, meeting: Meeting
    ) -> None:
        head = await sign_in(registry, meeting.second, Role.LEADERSHIP)
        reader = await sign_in(registry, meeting.first)
        shown = await grant(head, meeting, "contact", 20)
        smash = {"reason": "A search is under way and persons may be inside.", "minutes": 5}
        path = f"/v1/overlaps/{meeting.overlap_id}/glass-breaks"
        broken = (await reader.send("POST", path, smash)).json()
        wall = (await head.send("POST", f"{CASE}/walls", {"office": meeting.first.code})).json()
        await head.send("DELETE", f"{CASE}/walls/{wall['id']}")
        reading = {"summary": "They call the trailer ABC 1234.", "reason": "It is a trailer."}
        asked = (await head.send("POST", "/v1/summary-readings", reading)).json()
        scene = Case(registry, meeting.second)
        proposed = await propose(registry, scene.imported(), now=utc_now())
        one = await sign_in(registry, meeting.second, Role.ADMINISTRATOR)
        url = {"url": "https://cms.example.com/joinder"}
        added = (await one.send("POST", "/v1/webhooks", url)).json()["webhook"]
        assert await night(registry, 0) == 0
        assert await night(registry, 0.5) == 1
        assert await night(registry, 25, limit=1) == 5
        assert await night(registry, 26) == 0
        owner, other = [await office_id(registry, each) for each in (meeting.second, meeting.first)]
        found = {action: await registry.audit(action) for action in ENDS}
        assert {action: len(entries) for action, entries in found.items()} == dict.fromkeys(ENDS, 1)
        entries = {action: each for action, (each,) in found.items()}
        assert {action: each["detail"]["was"] for action, each in entries.items()} == ENDS
        assert entries["case.grant_expired"]["detail"]["grant"] == shown["id"]
        assert entries["glass.ended"]["object"] == broken["id"]
        assert entries["wall.lift_expired"]["object"] == wall["id"]
        assert entries["summary.reading_expired"]["object"] == asked["id"]
        assert entries["webhook.lapsed"]["object"] == added["id"]
        assert entries["proposal.expired"]["object"].endswith(proposed.id.hex)
        assert entries.pop("glass.ended")["recipients"] == [owner, other]
        assert [each["recipients"] for each in entries.values()] == [[owner]] * 5
        auditor = await sign_in(registry, meeting.second, Role.AUDITOR)
        page = await auditor.send("GET", "/v1/audit-entries?limit=100")
        assert ENDS.keys() <= {each["action"] for each in page.json()["items"]}

    async def test_a_grant_that_nobody_approved_is_over_after_a_day(
        self, registry: Registry, meeting: Meeting
    ) -> None:
        head = await sign_in(registry, meeting.second, Role.LEADERSHIP)
        await grant(head, meeting, "summary", 24 * 90)
        assert await night(registry, 23) == 0
        assert await night(registry, 24.1) == 1
        (entry,) = await registry.audit("case.grant_expired")
        assert entry["detail"]["was"] == "pending"
        assert await night(registry, 24 * 40) == 0

    async def test_what_was_ended_before_has_its_own_entry_alone(
        self, registry: Registry, meeting: Meeting
    ) -> None:
        heads = [await sign_in(registry, meeting.second, Role.LEADERSHIP) for _ in range(2)]
        made = await grant(heads[0], meeting, "contact", 20)
        gone = await heads[0].send("DELETE", f"{CASE}/grants/{made['id']}")
        assert gone.is_success, gone.text
        wall = await heads[0].send("POST", f"{CASE}/walls", {"office": meeting.first.code})
        for head in heads:
            await head.send("DELETE", f"{CASE}/walls/{wall.json()['id']}")
        scene = Case(registry, meeting.second)
        _, approved = [
            await propose(registry, scene.provider(name), now=utc_now()) for name in ("old", "new")
        ]
        await approve(registry, TWO, approved.id, service.digest_of(approved), now=utc_now())
        assert await night(registry, 48) == 0
