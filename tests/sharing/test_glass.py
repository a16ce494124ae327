"""Breaking the glass: one person, one case, an hour, told, reviewed; never past silence."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import parse_public_id, public_id
from app.sharing import glass
from tests.access.people import Person, sign_in
from tests.factories import Registry
from tests.scenes import Meeting, at_once, make_offices, meet

REASON = "A search is under way tonight and persons may still be inside."


async def smash(person: Person, meeting: Meeting, **changes: Any) -> httpx.Response:
    path = f"/v1/overlaps/{meeting.overlap_id}/glass-breaks"
    return await person.send("POST", path, {"reason": REASON, **changes})


async def notices(person: Person) -> list[Any]:
    answer = await person.send("GET", "/v1/glass-breaks")
    return answer.json()["items"]  # type: ignore[no-any-return]  # a body of any form


async def rung(person: Person, meeting: Meeting) -> str | None:
    answer = await person.send("GET", f"/v1/overlaps/{meeting.overlap_id}")
    return answer.json().get("rung")  # type: ignore[no-any-return]  # a body of any form


@pytest.fixture
async def meeting(shared_registry: Registry) -> Meeting:
    return await meet(shared_registry, "open", "contact_first")


class TestWalls:
    @pytest.mark.parametrize("is_owner", [True, False])
    async def test_keep_the_notice_from_who_is_walled_also_when_the_other_case_has_gone(
        self, registry: Registry, *, is_owner: bool
    ) -> None:
        meeting = await meet(registry, "open", "contact_first")
        reader = await sign_in(registry, meeting.first, Role.PROSECUTOR)
        assert (await smash(reader, meeting)).status_code == 201
        office, other = meeting.second, meeting.first
        if not is_owner:
            office, other = other, office
        kept, free = [await sign_in(registry, office, Role.LEADERSHIP) for _ in range(2)]
        await registry.rows(
            "INSERT INTO case_walls (id, case_id, person_id, set_at, set_by)"
            " SELECT gen_random_uuid(), c.id, :kept, now(), 'somebody' FROM cases c"
            " JOIN offices o ON o.id = c.office_id WHERE o.code = :code RETURNING id",
            kept=kept.key,
            code=office.code,
        )
        assert [len(await notices(each)) for each in (kept, free)] == [0, 1]
        await registry.rows(
            "DELETE FROM cases USING offices o WHERE o.id = cases.office_id AND o.code = :code"
            " RETURNING cases.id",
            code=other.code,
        )
        assert [len(await notices(each)) for each in (kept, free)] == [0, 1]


class TestBreakGlass:
    async def test_shows_the_summary_to_that_person_and_no_one_else(self, meeting: Meeting) -> None:
        one, two = [
            await sign_in(meeting.registry, meeting.first, Role.PROSECUTOR) for _ in range(2)
        ]
        assert await rung(one, meeting) == "pointer"
        broken = await smash(one, meeting, minutes=30)
        assert broken.status_code == 201, broken.text
        read = {key: datetime.fromisoformat(broken.json()[key]) for key in (
            "broken_at", "expires_at", "review_due_at",
        )}  # fmt: skip
        assert read["expires_at"] - read["broken_at"] == timedelta(minutes=30)
        assert read["review_due_at"] - read["broken_at"] == timedelta(hours=72)
        assert await rung(one, meeting) == "summary"
        assert await rung(two, meeting) == "pointer"
        assert (await meeting.first.overlaps())[0]["rung"] == "pointer"

    async def test_answers_with_its_own_notice_whatever_a_colleague_does_just_then(
        self, meeting: Meeting
    ) -> None:
        one, two = [
            await sign_in(meeting.registry, meeting.first, Role.PROSECUTOR) for _ in range(2)
        ]
        theirs = (await smash(one, meeting)).json()
        # as if it had been broken a moment later and committed before
        await meeting.registry.rows(
            "UPDATE glass_breaks SET id = 'ffffffff-ffff-ffff-ffff-ffffffffffff'"
            " WHERE id = :id RETURNING id",
            id=parse_public_id("brk", theirs["id"]),
        )
        mine = await smash(two, meeting, minutes=7)
        (entry,) = (await meeting.registry.audit("glass.broken"))[-1:]
        assert mine.json()["id"] == entry["object"]

    async def test_is_in_the_owners_register_without_the_person(self, meeting: Meeting) -> None:
        person = await sign_in(meeting.registry, meeting.first, Role.PROSECUTOR)
        await smash(person, meeting)
        listed = await meeting.second.http.get("/v1/cases/cms/24-1/grants")
        (grant,) = listed.json()["items"]
        assert grant["granted_by"] == f"office:{meeting.first.code}"
        assert person.key.hex not in listed.text.replace("-", "")

    async def test_answers_with_the_notice_of_its_own(self, meeting: Meeting) -> None:
        one, two = [
            await sign_in(meeting.registry, meeting.first, Role.PROSECUTOR) for _ in range(2)
        ]
        await smash(one, meeting)
        ((newer,),) = await meeting.registry.rows(
            "UPDATE glass_breaks SET id = CAST('ffffffff' || substr(id::text, 9) AS uuid)"
            " WHERE overlap_id = :id RETURNING id",
            id=meeting.key,
        )
        assert (await smash(two, meeting)).json()["id"] != public_id(glass.PREFIX, newer)

    async def test_ends_with_its_time(self, meeting: Meeting) -> None:
        person = await sign_in(meeting.registry, meeting.first, Role.PROSECUTOR)
        await smash(person, meeting)
        assert await rung(person, meeting) == "summary"
        await meeting.registry.rows(
            "UPDATE case_grants SET expires_at = now() WHERE person_id = :id RETURNING id",
            id=person.key,
        )
        assert await rung(person, meeting) == "pointer"

    async def test_tells_the_owner_at_once_and_is_reviewed_once(self, meeting: Meeting) -> None:
        registry, owner = meeting.registry, meeting.second
        person = await sign_in(registry, meeting.first, Role.PROSECUTOR, Role.LEADERSHIP)
        made = (await smash(person, meeting)).json()
        (notice,) = (await owner.http.get("/v1/glass-breaks")).json()["items"]
        assert notice == {**made, "direction": "theirs"}
        assert (notice["office"], notice["reason"]) == (meeting.first.code, REASON)
        (entry,) = [
            each for each in await registry.audit("glass.broken") if each["object"] == made["id"]
        ]
        ((owner_id,),) = await registry.rows(
            "SELECT id FROM offices WHERE code = :code", code=owner.code
        )
        assert entry["recipients"] == [owner_id]
        path, body = f"/v1/glass-breaks/{made['id']}/reviews", {"finding": "not_justified"}
        lead = await sign_in(registry, owner, Role.LEADERSHIP)
        own = await person.send("POST", path, body)
        assert (own.status_code, own.json()["code"]) == (404, "glass-break-not-found")
        assert (await owner.http.post(path, json=body)).status_code == 403
        findings = ("not_justified", "justified")
        both = [lead.send("POST", path, {"finding": finding}) for finding in findings]
        lock = "SELECT FROM glass_breaks WHERE id = :id FOR UPDATE"
        answers = await at_once(registry, lock, both, id=parse_public_id("brk", made["id"]))
        won, lost = sorted(answers, key=lambda each: each.status_code)
        assert (lost.status_code, lost.json()["code"]) == (409, "glass-break-reviewed")
        assert lost.json()["status_now"] == "reviewed"
        (read,) = (await lead.send("GET", "/v1/glass-breaks")).json()["items"]
        assert read["finding"] == won.json()["finding"]

    async def test_with_the_same_key_is_broken_once(self, meeting: Meeting) -> None:
        person = await sign_in(meeting.registry, meeting.first, Role.PROSECUTOR)
        path, once = f"/v1/overlaps/{meeting.overlap_id}/glass-breaks", {"Idempotency-Key": "k" * 8}
        first, again = [
            await person.http.post(path, json={"reason": REASON}, headers=once) for _ in range(2)
        ]
        assert (again.status_code, again.json()) == (201, first.json())
        other = await person.http.post(path, json={"reason": REASON, "minutes": 5}, headers=once)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
        notices = (await meeting.second.http.get("/v1/glass-breaks")).json()["items"]
        assert [notice["id"] for notice in notices] == [first.json()["id"]]

    @pytest.mark.parametrize("second", ["silent", "granted silent"])
    async def test_passes_no_silence(self, shared_registry: Registry, second: str) -> None:
        meeting = await meet(shared_registry, "open", "silent")
        person = await sign_in(shared_registry, meeting.first, Role.PROSECUTOR)
        if second == "granted silent":
            await meeting.second.request_handling(meeting.overlap_id)
            assert await rung(person, meeting) == "contact"
        refused = await smash(person, meeting)
        assert (refused.status_code, refused.json()["code"]) == (404, "overlap-not-found")
        assert (await meeting.second.http.get("/v1/glass-breaks")).json()["items"] == []

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"reason": "Too short a reason."}, "invalid-request"),
            ({"reason": " " * 30 + "short"}, "invalid-request"),
            ({"minutes": 61}, "invalid-request"),
            ({"minutes": 0}, "invalid-request"),
            ({"reason": "Call 415-555-0142 at once, there is danger."}, "reason-holds-identifier"),
        ],
    )
    async def test_of_another_form_is_refused(
        self, meeting: Meeting, changes: dict[str, Any], code: str
    ) -> None:
        person = await sign_in(meeting.registry, meeting.first, Role.PROSECUTOR)
        refused = await smash(person, meeting, **changes)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
        assert "415-555-0142" not in refused.text
        assert await rung(person, meeting) == "pointer"

    async def test_is_for_some_people_of_the_other_side_with_a_fresh_factor(
        self, meeting: Meeting
    ) -> None:
        registry = meeting.registry
        (third,) = await make_offices(registry, 1)
        stranger = await sign_in(registry, third, Role.PROSECUTOR)
        assert (await smash(stranger, meeting)).status_code == 404
        stale = await sign_in(registry, meeting.first, Role.PROSECUTOR, minutes_ago=6)
        assert (await smash(stale, meeting)).json()["code"] == "step-up-needed"
        for role in (Role.ANALYST, Role.COORDINATOR, Role.ADMINISTRATOR, Role.AUDITOR):
            person = await sign_in(registry, meeting.first, role)
            assert (await smash(person, meeting)).json()["code"] == "missing-scope"


class TestAlarm:
    async def alarm(self, registry: Registry) -> int:
        async with transaction(registry.operator) as session:
            return await glass.raise_alarms(session, OPERATOR, now=utc_now(), limit=500)

    async def test_is_raised_once_for_what_nobody_reviewed_in_time(self, meeting: Meeting) -> None:
        registry, owner = meeting.registry, meeting.second
        person = await sign_in(registry, meeting.first, Role.PROSECUTOR)
        made = (await smash(person, meeting)).json()
        await self.alarm(registry)
        auditor = await sign_in(registry, owner, Role.AUDITOR)
        (notice,) = (await auditor.send("GET", "/v1/glass-breaks")).json()["items"]
        assert (notice["id"], notice["alarmed_at"]) == (made["id"], None)
        await registry.rows(
            "UPDATE glass_breaks SET broken_at = broken_at - interval '72 hours', expires_at ="
            " broken_at - interval '71 hours', review_due_at = review_due_at - interval '72 hours'"
            " WHERE id = CAST(:id AS uuid) RETURNING id",
            id=made["id"][4:],
        )
        assert [await self.alarm(registry) for _ in range(2)] == [1, 0]
        for client in (owner, meeting.first):
            (notice,) = (await client.http.get("/v1/glass-breaks")).json()["items"]
            assert notice["alarmed_at"] is not None
        (entry,) = [
            each
            for each in await registry.audit("glass.review_overdue")
            if each["object"] == made["id"]
        ]
        ids = await registry.rows(
            "SELECT owner_office_id, office_id FROM glass_breaks WHERE id = CAST(:id AS uuid)",
            id=made["id"][4:],
        )
        assert entry["recipients"] == list(ids[0])
        body = {"finding": "justified"}
        late = await auditor.send("POST", f"/v1/glass-breaks/{made['id']}/reviews", body)
        assert late.json()["finding"] == "justified"
