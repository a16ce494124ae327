"""Another office's case is read with a reason, and its owner finds that in its log."""

from typing import Any

import pytest

from app.access.vocabulary import Role
from app.core.ids import new_id, public_id
from tests.access.people import handle_jointly, sign_in
from tests.factories import OfficeClient, Registry
from tests.scenes import Meeting, make_offices, meet

LOG = "/v1/cases/cms/24-1/readings"


async def opened(client: OfficeClient, meeting: Meeting, reason: str | None = None) -> Any:
    """Return the one overlap as it is read by itself."""
    asked = f"?reason={reason}" if reason else ""
    answer = await client.http.get(f"/v1/overlaps/{meeting.overlap_id}{asked}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def log(client: OfficeClient) -> list[dict[str, Any]]:
    answer = await client.http.get(LOG)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.fixture
async def meeting(shared_registry: Registry) -> Meeting:
    """Two offices that show each other their summaries."""
    meeting = await meet(shared_registry)
    await handle_jointly(meeting)
    return meeting


class TestReason:
    async def test_alone_shows_the_other_case(self, meeting: Meeting) -> None:
        reader = meeting.first
        (listed,) = await reader.overlaps()
        posted = await reader.put_case("24-1", meeting.first_case)
        without = await opened(reader, meeting)
        for seen in (listed, posted.json()["overlaps"][0], without):
            assert seen["rung"] == "summary"
            assert seen["counterpart"]["case"] is None
        read = await opened(reader, meeting, "charging")
        assert read["counterpart"].pop("case")["summary"].startswith("Worked without pay")
        without["counterpart"].pop("case")
        assert read == without

    async def test_of_no_list_is_refused(self, meeting: Meeting) -> None:
        answer = await meeting.first.http.get(f"/v1/overlaps/{meeting.overlap_id}?reason=curiosity")
        assert answer.status_code == 422

    async def test_is_in_the_audit_with_right_and_need(self, meeting: Meeting) -> None:
        await opened(meeting.first, meeting, "plea")
        ((own_case,),) = await meeting.registry.rows(
            "SELECT c.id FROM cases c JOIN offices o ON o.id = c.office_id WHERE o.code = :code",
            code=meeting.first.code,
        )
        (entry,) = [
            each for each in await meeting.registry.audit("reading.made")
            if each["object"] == meeting.overlap_id
        ]  # fmt: skip
        assert entry["detail"] == {"roles": ["client"], "own_case": own_case, "reason": "plea"}


class TestLog:
    async def test_tells_the_owner_which_office_when_and_why(self, meeting: Meeting) -> None:
        person = await sign_in(meeting.registry, meeting.first, Role.PROSECUTOR)
        await opened(meeting.first, meeting, "charging")
        await person.send("GET", f"/v1/overlaps/{meeting.overlap_id}?reason=victim_safety")
        await opened(meeting.first, meeting)  # shows nothing of the case
        by_person, by_client = await log(meeting.second)
        assert by_client.pop("read_at") < by_person.pop("read_at")
        same = {
            "overlap_id": meeting.overlap_id, "state": meeting.first.code[:2],
            "office_kind": "local", "office": meeting.first.code, "rung": "summary",
        }  # fmt: skip
        assert by_client == same | {
            "reader": "client", "roles": ["client"], "reason": "charging",
        }  # fmt: skip
        assert by_person == same | {
            "reader": "person", "roles": ["prosecutor"], "reason": "victim_safety",
        }  # fmt: skip
        assert await log(meeting.first) == []

    @pytest.mark.parametrize(("reader", "told"), [("contact_first", [None]), ("silent", [])])
    async def test_tells_no_more_of_the_reader_than_the_overlap_does(
        self, shared_registry: Registry, reader: str, told: list[None]
    ) -> None:
        meeting = await meet(shared_registry, reader, "open")
        assert (await opened(meeting.first, meeting, "plea"))["rung"] == "contact"
        assert [line["office"] for line in await log(meeting.second)] == told

    async def test_is_of_the_own_case_alone(self, meeting: Meeting) -> None:
        await opened(meeting.first, meeting, "plea")
        (third,) = await make_offices(meeting.registry, 1)
        answer = await third.http.get(LOG)
        assert (answer.status_code, answer.json()["code"]) == (404, "case-not-found")

    async def test_holds_nothing_of_what_was_not_found(self, meeting: Meeting) -> None:
        before = await meeting.registry.rows("SELECT count(*) FROM readings")
        (third,) = await make_offices(meeting.registry, 1)
        for key in (meeting.overlap_id, public_id("ovl", new_id())):
            answer = await third.http.get(f"/v1/overlaps/{key}?reason=plea")
            assert answer.status_code == 404
        assert await meeting.registry.rows("SELECT count(*) FROM readings") == before

    async def test_pages_newest_first(self, meeting: Meeting) -> None:
        reasons = ["investigation", "charging", "plea"]
        for reason in reasons:
            await opened(meeting.first, meeting, reason)
        listed, cursor = [], None
        for _ in range(4):
            params = {"limit": "1", **({"cursor": cursor} if cursor else {})}
            page = (await meeting.second.http.get(LOG, params=params)).json()
            listed += [item["reason"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert (listed, cursor) == (reasons[::-1], None)
