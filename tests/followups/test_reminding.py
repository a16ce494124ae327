"""The nightly part of follow-ups, with time as an argument."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from app.access.principal import OPERATOR
from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import transaction
from app.followups import reminding, service
from app.followups.schemas import DueRead
from app.offices import service as offices
from app.offices.schemas import StateSet, TimeZoneSet
from tests.access.people import sign_in
from tests.blinding import case
from tests.factories import OfficeClient, Registry
from tests.scenes import Meeting, all_ended, end_agreement, meet, phone, someone
from tests.wall.acting import client_of

_NUMBERS = count(1)
BIT = timedelta(microseconds=1)
NOTICES = "/v1/me/notices?limit=100"


async def nightly(registry: Registry, run: Callable[..., Awaitable[int]], now: datetime) -> None:
    """Run a step as the nightly job does, until nothing is left."""
    while True:
        async with transaction(registry.operator) as session:
            if await run(session, OPERATOR, now=now, limit=100) == 0:
                return


async def reminders(client: OfficeClient, meeting: Meeting) -> list[tuple[str, str]]:
    answer = await client.http.get(f"/v1/overlaps/{meeting.overlap_id}/follow-up")
    return [(each["level"], each["step"]) for each in answer.json()["reminders"]]


async def in_one_state(registry: Registry, *ways: str) -> tuple[Meeting, OfficeClient]:
    """Return two offices of a state with an overlap, and its Attorney General, who mediates."""
    state = f"{next(_NUMBERS):02}".translate(str.maketrans("0123456789", "ABCDEFGHIJ"))
    one, two = [await registry.add_office(f"{state}-{seat}0000") for seat in (1, 2)]
    general = await registry.add_office(f"{state}-AG000", kind="attorney_general")
    async with transaction(registry.operator) as session:
        await offices.set_state(session, OPERATOR, StateSet(state=state, mediator=general.code))
    return await meet(registry, *ways, offices=[one, two]), general


async def mediations(client: OfficeClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.http.get("/v1/mediations")).json()["items"]
    return items


async def resolve(client: OfficeClient, meeting: Meeting) -> None:
    path = f"/v1/overlaps/{meeting.overlap_id}/follow-up"
    etag = (await client.http.get(path)).headers["ETag"]
    body = {"event": "resolve", "resolution": "handled_separately"}
    done = await client.http.post(f"{path}/steps", json=body, headers={"If-Match": etag})
    assert done.status_code == 200, done.text


class TestRemindAndEscalate:
    async def test_tell_assignee_then_backup_then_mediator_once_each(
        self, module_registry: Registry
    ) -> None:
        meeting, general = await in_one_state(module_registry)
        now = utc_now()
        await nightly(module_registry, reminding.remind, now)
        assert await reminders(meeting.first, meeting) == []
        levels: list[tuple[str, str]] = []
        for days, run, level in (
            (30, reminding.remind, "reminder"),
            (40, reminding.escalate, "backup"),
            (50, reminding.escalate, "mediator"),
        ):
            assert await mediations(general) == []
            for _ in range(2):
                await nightly(module_registry, run, now + timedelta(days=days))
            levels.append((level, "acknowledge"))
            assert await reminders(meeting.first, meeting) == levels
        (pointer,) = await mediations(general)
        (shown,) = (await general.http.get("/v1/state-overlaps")).json()["items"]
        assert pointer["overlap"] == shown
        assert (await meeting.first.overlaps())[0]["rung"] == "contact"
        entries = await module_registry.audit("follow_up.escalated")
        told = [each["detail"]["level"] for each in entries if each["object"] == meeting.overlap_id]
        assert sorted(told) == ["backup", "backup", "mediator", "mediator"]

    async def test_go_on_to_the_mediator_while_two_answers_differ(
        self, module_registry: Registry
    ) -> None:
        meeting, general = await in_one_state(module_registry)
        await meeting.first.say(meeting.overlap_id, "confirmed")
        await meeting.second.say(meeting.overlap_id, "not_a_match", "different_person")
        now = utc_now()
        for days, run in (
            (60, reminding.remind),
            (70, reminding.escalate),
            (80, reminding.escalate),
        ):
            await nightly(module_registry, run, now + timedelta(days=days))
        levels = [(level, "agree") for level in ("reminder", "backup", "mediator")]
        for side in (meeting.first, meeting.second):
            assert await reminders(side, meeting) == levels
        assert len(await mediations(general)) == 1

    async def test_begin_again_with_other_evidence(self, module_registry: Registry) -> None:
        meeting, _ = await in_one_state(module_registry)
        now = utc_now()
        await nightly(module_registry, reminding.remind, now + timedelta(days=30))
        await module_registry.rows(
            'UPDATE "overlaps" SET renewed_at = :at WHERE id = :id RETURNING id',
            at=now + timedelta(days=31),
            id=meeting.key,
        )
        for days, how_many in ((32, 1), (60, 2)):
            at = now + timedelta(days=days)
            await nightly(module_registry, reminding.escalate, at)
            await nightly(module_registry, reminding.remind, at)
            told = await reminders(meeting.first, meeting)
            assert told == [("reminder", "acknowledge")] * how_many

    async def test_spare_who_acted_until_the_verdict_is_late(
        self, module_registry: Registry
    ) -> None:
        meeting, _ = await in_one_state(module_registry)
        await meeting.first.say(meeting.overlap_id, "confirmed")
        path = f"/v1/overlaps/{meeting.overlap_id}/follow-up/steps"
        etag = {"If-Match": '"0-2"'}
        done = await meeting.second.http.post(path, json={"event": "acknowledge"}, headers=etag)
        assert done.status_code == 200, done.text
        await nightly(module_registry, reminding.remind, utc_now() + timedelta(days=60))
        assert await reminders(meeting.first, meeting) == []
        assert await reminders(meeting.second, meeting) == [("reminder", "judge")]

    async def test_never_tell_of_what_is_hidden(self, module_registry: Registry) -> None:
        meeting, general = await in_one_state(module_registry, "open", "silent")
        now = utc_now()
        for days, run in (
            (30, reminding.remind),
            (40, reminding.escalate),
            (50, reminding.escalate),
        ):
            await nightly(module_registry, run, now + timedelta(days=days))
        told = await module_registry.rows(
            "SELECT f.code, r.level FROM reminders r JOIN offices f ON f.id = r.office_id"
            " WHERE r.overlap_id = :id ORDER BY r.id",
            id=meeting.key,
        )
        assert [tuple(row) for row in told] == [
            (meeting.second.code, "reminder"),
            (meeting.second.code, "backup"),
        ]
        assert await mediations(general) == []

    async def test_a_mediator_is_shown_what_is_open_and_its_successor_takes_over(
        self, module_registry: Registry
    ) -> None:
        meeting, general = await in_one_state(module_registry)
        heir = await module_registry.add_office(
            general.code.replace("AG000", "AG001"), kind="attorney_general"
        )
        now = utc_now()
        await nightly(module_registry, reminding.remind, now + timedelta(days=30))
        for days in (40, 50):
            await nightly(module_registry, reminding.escalate, now + timedelta(days=days))

        async def waiting() -> list[int]:
            return [len(await mediations(each)) for each in (general, heir)]

        assert await waiting() == [1, 0]
        state = general.code.partition("-")[0]
        async with transaction(module_registry.operator) as session:
            await offices.set_state(session, OPERATOR, StateSet(state=state, mediator=heir.code))
        assert await waiting() == [0, 1]
        await meeting.first.say(meeting.overlap_id, "confirmed")
        assert await waiting() == [0, 1]
        await meeting.second.say(meeting.overlap_id, "not_a_match", "different_person")
        assert await waiting() == [0, 1]
        await resolve(meeting.first, meeting)
        assert await waiting() == [0, 1]
        await resolve(meeting.second, meeting)
        assert await waiting() == [0, 0]
        more = someone(phones=(phone(),))
        other_evidence = case(*meeting.first_case["subjects"], {**more, "ref": "more"})
        assert (await meeting.first.put_case("24-1", other_evidence)).is_success
        second = case(*meeting.second_case["subjects"], {**more, "ref": "more"})
        assert (await meeting.second.put_case("24-1", second)).is_success
        assert await waiting() == [0, 1]
        for client, verdict in ((meeting.first, "confirmed"), (meeting.second, "confirmed")):
            await client.say(meeting.overlap_id, verdict)
        assert await waiting() == [0, 0]

    async def test_a_mediator_is_shown_nothing_that_is_retracted(
        self, module_registry: Registry
    ) -> None:
        meeting, general = await in_one_state(module_registry)
        now = utc_now()
        await nightly(module_registry, reminding.remind, now + timedelta(days=30))
        for days in (40, 50):
            await nightly(module_registry, reminding.escalate, now + timedelta(days=days))
        assert len(await mediations(general)) == 1
        assert (await meeting.second.put_case("24-1", case(someone()))).is_success
        assert await mediations(general) == []


class TestDays:
    async def test_of_an_office_end_at_its_own_midnight_for_readers_and_reminders_alike(
        self, module_registry: Registry
    ) -> None:
        west, mountain = [
            await module_registry.add_office(code) for code in ("CA-DAY000", "TX-DAY000")
        ]
        change = TimeZoneSet(time_zone="America/Denver")
        async with transaction(module_registry.operator) as session:
            await offices.set_time_zone(session, OPERATOR, mountain.code, change)
        meeting = await meet(module_registry, offices=[west, mountain])
        await module_registry.rows(
            'UPDATE "overlaps" SET renewed_at = :at WHERE id = :id RETURNING id',
            at=datetime(2026, 3, 17, 6, 30, tzinfo=UTC),  # the 17th in Denver only
            id=meeting.key,
        )

        async def due(client: OfficeClient, now: datetime) -> DueRead:
            whose = replace(await client_of(module_registry, client), is_participating=True)
            async with transaction(module_registry.app.state.sessions, whose) as session:
                read = await service.read_follow_up(session, whose, meeting.key, now=now)
            assert read.due is not None
            return read.due

        async def told(now: datetime) -> list[int]:
            await nightly(module_registry, reminding.remind, now)
            return [len(await reminders(client, meeting)) for client in (west, mountain)]

        at_first = datetime(2026, 3, 18, tzinfo=UTC)
        days = [(await due(client, at_first)).on for client in (west, mountain)]
        assert (days[0].isoformat(), days[1].isoformat()) == ("2026-03-18", "2026-03-19")
        for client, hour, reminded in ((west, 7, [1, 0]), (mountain, 24 + 6, [1, 1])):
            over = datetime(2026, 3, 19, tzinfo=UTC) + timedelta(hours=hour)  # daylight time
            before = over - BIT
            assert not (await due(client, before)).is_overdue
            assert sum(await told(before)) == sum(reminded) - 1
            assert (await due(client, over)).is_overdue
            assert await told(over) == reminded

    async def test_of_the_waits_for_backup_and_mediator_end_there_too(
        self, module_registry: Registry
    ) -> None:
        meeting, _ = await in_one_state(module_registry)
        for client in (meeting.first, meeting.second):
            change = TimeZoneSet(time_zone="America/Los_Angeles")
            async with transaction(module_registry.operator) as session:
                await offices.set_time_zone(session, OPERATOR, client.code, change)
        monday = datetime(2027, 3, 2, 7, 30, tzinfo=UTC)  # its evening, half an hour to midnight
        await nightly(module_registry, reminding.remind, monday)
        levels = [("reminder", "acknowledge")]
        assert await reminders(meeting.first, meeting) == levels
        for level, day in (("backup", 3), ("mediator", 8)):  # after two business days, and three
            over = datetime(2027, 3, day, 8, tzinfo=UTC)
            for at, told in ((over - BIT, []), (over, [(level, "acknowledge")])):
                await nightly(module_registry, reminding.escalate, at)
                levels += told
                assert await reminders(meeting.first, meeting) == levels, at


class TestNotices:
    async def test_tell_the_office_that_is_late_on_each_level_and_then_the_mediator(
        self, module_registry: Registry
    ) -> None:
        meeting, general = await in_one_state(module_registry)
        people = [
            await sign_in(module_registry, office, Role.COORDINATOR)
            for office in (meeting.first, meeting.second, general)
        ]
        people.append(await sign_in(module_registry, general, Role.PROSECUTOR))

        async def told() -> list[list[tuple[str, str | None]]]:
            await all_ended(module_registry)
            found = [(await each.send("GET", NOTICES)).json()["items"] for each in people]
            return [
                [
                    (each["event"]["type"], (each["case"] or {}).get("external_id"))
                    for each in reversed(items)
                    if each["event"]["type"].endswith((".overdue", ".escalated", ".asked"))
                ]
                for items in found
            ]

        late, passed_on = ("overlap.overdue", "24-1"), ("overlap.escalated", "24-1")
        now = utc_now()
        seen: list[list[tuple[str, str | None]]] = []
        for days, run in (
            (25, reminding.remind),
            (35, reminding.escalate),
            (45, reminding.escalate),
        ):
            await nightly(module_registry, run, now + timedelta(days=days))
            first, second, asked, without_right = await told()
            assert (first, without_right) == (second, [])
            assert asked == ([("mediation.asked", None)] if len(seen) == 2 else [])
            seen.append(first)
        assert seen == [[late], [late, passed_on], [late, passed_on, passed_on]]
        page = (await people[0].http.get(f"/overlaps/{meeting.overlap_id}")).text
        assert page.index("your office was told") < page.index("mediator was told")
        shown = await people[2].http.get("/notices")
        assert "/state?of=waiting" in shown.text
        assert meeting.overlap_id not in shown.text

    async def test_tell_no_mediator_whom_a_wall_keeps_out(self, module_registry: Registry) -> None:
        meeting, general = await in_one_state(module_registry)
        reader = await sign_in(module_registry, general, Role.COORDINATOR)
        lead = await sign_in(module_registry, meeting.second, Role.LEADERSHIP)
        wall = {"office": general.code}
        assert (await lead.send("POST", "/v1/cases/cms/24-1/walls", wall)).status_code == 201
        now = utc_now()
        await nightly(module_registry, reminding.remind, now + timedelta(days=25))
        for days in (35, 45):
            await nightly(module_registry, reminding.escalate, now + timedelta(days=days))
        await all_ended(module_registry)
        levels = [level for level, _ in await reminders(meeting.first, meeting)]
        assert levels == ["reminder", "backup", "mediator"]
        assert await mediations(general) == []
        assert (await reader.send("GET", NOTICES)).json()["items"] == []

    async def test_wait_for_a_mediator_that_takes_no_part(self, module_registry: Registry) -> None:
        meeting, general = await in_one_state(module_registry)
        await end_agreement(module_registry, general)
        now = utc_now()
        await nightly(module_registry, reminding.remind, now + timedelta(days=25))
        for days in (35, 45):
            await nightly(module_registry, reminding.escalate, now + timedelta(days=days))
        levels = [level for level, _ in await reminders(meeting.first, meeting)]
        assert levels == ["reminder", "backup"]
