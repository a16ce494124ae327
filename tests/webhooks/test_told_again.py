"""What nobody could know of while an office took no part is told once it takes part again."""

from datetime import datetime, timedelta

from app.core.clock import utc_now
from app.jobs.nightly import run
from app.jobs.steps import steps
from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.notifications.test_feed import read
from tests.scenes import Meeting, all_ended, end_agreement, meet
from tests.webhooks.office import hook, work
from tests.webhooks.receiver import receiving


async def night(registry: Registry, as_of: datetime | None = None) -> int:
    """Take the step; return of how many offices it told."""
    only = [step for step in steps(registry.app.state.intake) if step.name == "lapses.tell_again"]
    (done,) = await run(registry.operator, only, as_of=as_of or utc_now())
    assert done.state == "succeeded", done
    return done.count


async def sign_anew(registry: Registry, client: OfficeClient) -> None:
    """Let the office take part again, from now on."""
    await registry.rows(
        "INSERT INTO participation_agreements"
        " (office_id, version, signatory, signed_on, effective_on)"
        " SELECT id, '2', 'District Attorney', current_date, current_date FROM offices"
        " WHERE code = :code RETURNING id",
        code=client.code,
    )


async def meet_again(meeting: Meeting, *, disclosure: str) -> None:
    """Let the first office post a second case of the same person."""
    body = case(*meeting.first_case["subjects"], disclosure=disclosure)
    assert (await meeting.first.put_case("24-2", body)).status_code == 201


async def write_of_own_cases(registry: Registry) -> None:
    """Write an event about a case of its own for each office, which it is told all the time."""
    await registry.rows(
        "INSERT INTO events (office_id, type, case_id) SELECT office_id, 'case.expired',"
        " min(id) FROM cases GROUP BY 1 RETURNING number"
    )


class TestTellAgain:
    async def test_both_sides_hear_of_what_came_meanwhile_and_may_be_known(
        self, sandbox: Registry
    ) -> None:
        """By the feed and by webhook, whose readers went past it; of a silent case, nothing."""
        async with receiving() as one, receiving() as other:
            meeting = await meet(sandbox)
            offices = [meeting.first, meeting.second]
            for office, receiver in zip(offices, (one, other), strict=True):
                await hook(sandbox, office, receiver.url)
            while await night(sandbox):
                pass
            await end_agreement(sandbox, meeting.second)
            await meet_again(meeting, disclosure="open")
            await meeting.first.put_case(
                "24-3", case(*meeting.first_case["subjects"], disclosure="silent")
            )
            await write_of_own_cases(sandbox)
            assert await work(sandbox, *offices) == 2, "of an own case it is told all the time"
            passed = [(await read(office, None))[1] for office in offices]
            assert await night(sandbox) == 0, "it takes no part yet"
            await sign_anew(sandbox, meeting.second)
            assert await night(sandbox) == 1
            assert await night(sandbox) == 0
            assert await work(sandbox, *offices) > 0
            for office, cursor, receiver in zip(offices, passed, (one, other), strict=True):
                events, _ = await read(office, cursor)
                known = {each["id"] for each in await office.overlaps()}
                told = {each["overlap_id"] for each in events}
                assert told == known
                assert receiver.ids[1:] == [each["id"] for each in events]
            assert len(await meeting.first.overlaps()) == 3
            assert len(await meeting.second.overlaps()) == 2

    async def test_two_that_return_in_one_night_hear_each_event_once(
        self, sandbox: Registry
    ) -> None:
        meeting = await meet(sandbox)
        offices = [meeting.first, meeting.second]
        assert await night(sandbox) == 0, "who begins to take part has missed nothing"
        for office in offices:
            await end_agreement(sandbox, office)
        await meet_again(meeting, disclosure="open")
        await write_of_own_cases(sandbox)
        await all_ended(sandbox)
        passed = [(await read(office, None))[1] for office in offices]
        for office in offices:
            await sign_anew(sandbox, office)
        assert await night(sandbox) == 2
        assert await night(sandbox) == 0
        await all_ended(sandbox)
        for office, cursor in zip(offices, passed, strict=True):
            told = [(each["type"], each["overlap_id"]) for each in (await read(office, cursor))[0]]
            assert len(told) == len(set(told)) == 2

    async def test_who_signs_in_time_hears_nothing_twice(self, sandbox: Registry) -> None:
        meeting = await meet(sandbox)
        while await night(sandbox):
            pass
        await sign_anew(sandbox, meeting.second)
        day = "UPDATE participation_agreements SET {} = current_date{} WHERE version = '{}' AND"
        of_office = " office_id = (SELECT id FROM offices WHERE code = :code) RETURNING id"
        for column, when, version in (("effective_on", " + 1", "2"), ("ends_on", " + 1", "2026-1")):
            statement = day.format(column, when, version) + of_office
            assert await sandbox.rows(statement, code=meeting.second.code)
        tomorrow = utc_now() + timedelta(days=1)
        assert await night(sandbox, tomorrow) == 0
        statement = day.format("ends_on", "", "2026-1") + of_office
        assert await sandbox.rows(statement, code=meeting.second.code)
        assert await night(sandbox, tomorrow) == 1, "a day without"
