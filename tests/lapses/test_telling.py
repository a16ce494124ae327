"""Nothing ends silently: offices are told 30 and 7 days before the end, and when it has come."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

import pytest

from app.core.clock import utc_now
from app.jobs.nightly import run
from app.jobs.steps import steps
from tests.factories import OfficeClient, Registry
from tests.scenes import all_ended, meet
from tests.wall.acting import office_id

DAYS: Final = 40
"""When all of the first office's ends, counted from today."""

_END: Final = (
    "UPDATE client_credentials SET expires_on = :on WHERE office_id = :office RETURNING 1",
    "UPDATE cases SET review_on = :on WHERE office_id = :office RETURNING 1",
    "UPDATE participation_agreements SET ends_on = :on WHERE office_id = :office RETURNING 1",
    """
    INSERT INTO commitments (office_id, trafficking_type, signatory, signed_on, lapses_on)
    VALUES (:office, 'labor', 'District Attorney', current_date, :on) RETURNING 1""",
    """
    INSERT INTO case_grants (case_id, grantee_office_id, rung, purpose, granted_at, expires_at)
    SELECT c.id, o.id, 2, 'joint_handling', now(), CAST(:on AS date) FROM cases c, offices o
    WHERE c.office_id = :office AND o.id <> :office RETURNING 1""",
)


class TestTell:
    async def night(self, registry: Registry, day: int) -> int:
        """Take the step as on a day from today on; return how many notices it wrote."""
        only = [step for step in steps(registry.app.state.intake) if step.name == "lapses.tell"]
        as_of = datetime.combine(utc_now().date() + timedelta(days=day), time(12), UTC)
        (done,) = await run(registry.operator, only, as_of=as_of)
        assert done.state == "succeeded", done
        return done.count

    async def told(self, registry: Registry, office: OfficeClient) -> list[str]:
        await all_ended(registry)
        events: list[dict[str, Any]] = (await office.http.get("/v1/events")).json()["items"]
        return sorted(each["type"] for each in events if "laps" in each["type"])

    async def test_each_office_is_told_of_its_own_once_a_stage(self, registry: Registry) -> None:
        meeting = await meet(registry)
        rows = await registry.rows("SELECT id FROM offices WHERE code = :c", c=meeting.first.code)
        on = utc_now().date() + timedelta(days=DAYS)
        for statement in _END:
            await registry.rows(statement, office=rows[0][0], on=on)
        assert await self.night(registry, 0) == 0
        assert await self.night(registry, DAYS - 30) == 6
        assert await self.night(registry, DAYS - 20) == 0
        own = ("case", "commitment", "credential", "grant", "participation")
        lapsing = [f"{each}.lapsing" for each in own]
        assert await self.told(registry, meeting.first) == lapsing
        assert await self.told(registry, meeting.second) == ["grant.lapsing"]
        assert await self.night(registry, DAYS - 7) == 6
        assert await self.night(registry, DAYS) == 5  # the case has its own event
        assert await self.night(registry, DAYS + 1) == 0
        entries = await registry.audit("lapse.told")
        assert [entry["detail"]["days_before"] for entry in entries] == [30] * 6 + [7] * 6 + [0] * 5
        seen = await self.told(registry, meeting.second)
        assert seen == ["grant.lapsed", "grant.lapsing", "grant.lapsing"]

    @pytest.mark.parametrize("hidden", ["silent", "walled", "withdrawn", "met nobody"])
    async def test_who_may_not_know_of_a_case_is_not_told_of_its_grants(
        self, registry: Registry, hidden: str
    ) -> None:
        """A grant to that office, of the whole case, ends when the case is hidden from it."""
        meeting = await meet(registry)
        third = await registry.add_office("TX-0000019")
        knows = meeting.second if hidden != "met nobody" else third
        first, grantee = [await office_id(registry, each) for each in (meeting.first, knows)]
        on = utc_now().date() + timedelta(days=DAYS)
        await registry.rows(_END[4], office=first, on=on)
        if hidden != "met nobody":
            assert await self.night(registry, DAYS - 30) > 0
            assert await self.told(registry, knows) == ["grant.lapsing"]
        if hidden == "walled":
            await registry.rows(
                "INSERT INTO case_walls (id, case_id, office_id, set_at, set_by)"
                " SELECT gen_random_uuid(), id, :walled, now(), 'test' FROM cases"
                " WHERE office_id = :office RETURNING id",
                office=first,
                walled=grantee,
            )
        elif hidden == "silent":
            await meeting.first.put_case("24-1", {**meeting.first_case, "disclosure": "silent"})
        elif hidden == "withdrawn":
            await meeting.first.http.delete("/v1/cases/cms/24-1")
        assert await self.night(registry, DAYS) > 0
        await registry.rows("UPDATE case_grants SET expires_at = now() RETURNING id")
        left = ["grant.lapsing"] if hidden == "withdrawn" else []  # told while it was shown
        assert await self.told(registry, knows) == left

    async def test_what_is_forgotten_is_not_told_once_more_by_a_run_for_a_day_that_is_past(
        self, registry: Registry
    ) -> None:
        client = await registry.add_office("TX-0000020")
        on = utc_now().date() - timedelta(days=DAYS)
        await registry.rows(_END[0], office=await office_id(registry, client), on=on)
        assert await self.night(registry, 10 - DAYS) == 0

    async def test_a_machine_client_that_nobody_uses_is_told_of_before_it_ends(
        self, registry: Registry
    ) -> None:
        office = await registry.add_office("TX-0000021")
        assert [await self.night(registry, day) for day in (59, 60, 82, 83)] == [0, 1, 0, 1]
        assert await self.told(registry, office) == ["credential.lapsing"] * 2
        await registry.rows("UPDATE client_credentials SET last_used_on = current_date RETURNING 1")
        assert [await self.night(registry, day) for day in (84, 90)] == [0, 1]
        assert await self.told(registry, office) == [
            "credential.lapsed",
            *["credential.lapsing"] * 2,
        ]
        await registry.rows(
            "UPDATE client_credentials SET last_used_on = current_date + 89 RETURNING 1"
        )
        assert await self.night(registry, 91) == 0

    async def test_nor_is_a_suspended_office_told_of_clients_that_it_cannot_use(
        self, registry: Registry
    ) -> None:
        await registry.add_office("TX-0000022")
        await registry.rows("UPDATE offices SET suspended_at = now() RETURNING 1")
        assert await self.night(registry, 60) == 0
        await registry.rows("UPDATE offices SET suspended_at = NULL RETURNING 1")
        assert await self.night(registry, 60) == 1

    async def test_what_was_renewed_ends_nothing(self, registry: Registry) -> None:
        meeting = await meet(registry)
        rows = await registry.rows("SELECT id FROM offices WHERE code = :c", c=meeting.first.code)
        on = utc_now().date() + timedelta(days=5)
        await registry.rows(_END[2], office=rows[0][0], on=on)
        await registry.rows(
            "INSERT INTO participation_agreements"
            " (office_id, version, signatory, signed_on, effective_on)"
            " VALUES (:office, '2', 'District Attorney', current_date, :on) RETURNING 1",
            office=rows[0][0],
            on=on,
        )
        assert await self.night(registry, 0) == 0
