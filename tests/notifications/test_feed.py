"""The feed of events: each once, none lost, and nothing that the office may not know of."""

import asyncio
import random
import re
from datetime import timedelta
from typing import Any, get_args
from uuid import uuid4

import asyncpg
from sqlalchemy import text

from app.access.vocabulary import Role
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.paging import Reached
from app.jobs.nightly import run
from app.jobs.steps import NIGHTLY, steps
from app.lapses.service import ENDS
from app.notifications import upkeep
from app.notifications.schemas import EventType
from app.web import notice_words
from migrations.numbering import APART, GO_ON, functions
from tests.access.people import sign_in
from tests.access.test_matrix import OBJECTS, scene
from tests.blinding import case
from tests.database import ROOT, migrate
from tests.factories import OfficeClient, Registry
from tests.scenes import all_ended, end_agreement, make_offices, meet, phone, someone
from tests.serving.test_safe_start import reasons
from tests.wall.acting import office_id

WRITERS = 16
EACH = 6
WRITE = text(
    "INSERT INTO events (office_id, type, case_id)"
    " SELECT office_id, 'case.expired', id FROM cases WHERE id = :id RETURNING number"
)


async def read(office: OfficeClient, cursor: str | None) -> tuple[list[dict[str, Any]], str]:
    """Return what is in the feed after a cursor, and the cursor to go on from."""
    found: list[dict[str, Any]] = []
    while True:
        asked = {"limit": "7"} | ({"cursor": cursor} if cursor else {})
        answer = await office.http.get("/v1/events", params=asked)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["items"]
        cursor = page["resume_cursor"]
        if page["next_cursor"] is None:
            return found, page["resume_cursor"]


class TestKinds:
    async def test_are_the_same_in_schema_words_document_and_database(
        self, shared_registry: Registry
    ) -> None:
        """What anything writes is told, and what is told is written by something."""
        kinds = set(get_args(EventType))
        assert set(notice_words.EVENTS) == kinds
        shown = (ROOT / "docs/notifications.md").read_text(encoding="utf-8")
        table = shown.partition("| kind of event |")[2].partition("\n\n")[0]
        assert set(re.findall(r"`([a-z]+\.[a-z_]+)`", table)) == kinds
        rows = await shared_registry.rows(
            "SELECT DISTINCT found[1] FROM pg_proc p,"
            " regexp_matches(p.prosrc, $q$'([a-z]+[.][a-z_]+)'$q$, 'g') AS found"
            " WHERE p.prosrc LIKE '%INTO public.events%' OR p.proname LIKE 'tell%'"
        )
        rules = await shared_registry.rows(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conname = 'ck_lapse_notices_what'"
        )
        lapses = {
            f"{what}.{end}"
            for what in set(re.findall(r"'(\w+)'", rules[0][0])) - ENDS.keys()
            for end in ("lapsing", "lapsed")
        } - {"case.lapsed"}
        of_jobs = {"case.expired", "matter.review_due"}
        assert {row[0] for row in rows} | lapses | of_jobs == kinds


class TestListEvents:
    async def test_each_is_read_once_whatever_commits_first(self, registry: Registry) -> None:
        """16 writers; a reader of numbers greater than the last one loses what commits late."""
        (office,) = await make_offices(registry, 1)
        await office.put_case("24-1", case(someone()))
        case_id = (await registry.rows("SELECT id FROM cases"))[0][0]
        written, last_may_commit = asyncio.Event(), asyncio.Event()

        async def write_late() -> None:
            async with transaction(registry.behind) as session:
                await session.execute(WRITE, {"id": case_id})
                written.set()
                await last_may_commit.wait()

        async def write(seed: int) -> None:
            pick = random.Random(seed)
            for _ in range(EACH):
                async with transaction(registry.behind) as session:
                    await session.execute(WRITE, {"id": case_id})
                    await session.execute(text("SELECT pg_sleep(:s)"), {"s": pick.random() / 100})

        async def read_naively(after: int) -> list[int]:
            rows = await registry.rows(
                "SELECT number FROM events WHERE number > :n ORDER BY number", n=after
            )
            return [row[0] for row in rows]

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(write_late())
            await written.wait()
            writers = [tasks.create_task(write(seed)) for seed in range(WRITERS - 1)]
            feed, naive, cursor = [], [0], None
            while not all(writer.done() for writer in writers):
                more, cursor = await read(office, cursor)
                feed += more
                naive += await read_naively(naive[-1])
            naive += await read_naively(naive[-1])
            last_may_commit.set()
        await all_ended(registry)
        more, cursor = await read(office, cursor)
        feed += more
        naive += await read_naively(naive[-1])
        total = (WRITERS - 1) * EACH + 1
        assert len(feed) == len({each["id"] for each in feed}) == total
        assert len(naive) - 1 < total
        assert (await read(office, cursor))[0] == []

    async def test_what_comes_after_a_restore_is_read_after_what_came_before(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        """Another server counts its transactions from the beginning, until it is migrated."""

        async def counting(before: int) -> None:
            connection = await asyncpg.connect(fresh_database_url)
            await connection.execute(f"SET ROLE joinder_owner; {functions(str(before))}")
            await connection.close()

        async def write() -> None:
            async with transaction(registry.behind) as session:
                await session.execute(WRITE, {"id": case_id})
            await all_ended(registry)

        (office,) = await make_offices(registry, 1)
        await office.put_case("24-1", case(someone()))
        case_id = (await registry.rows("SELECT id FROM cases"))[0][0]
        await counting(10**12)  # a server that was used for long
        await write()
        (first,), cursor = await read(office, None)
        engine = registry.app.state.sessions.kw["bind"]
        assert "restored" not in await reasons(engine)
        await counting(0)
        assert "restored from another server: run `joinder migrate`" in await reasons(engine)
        await write()
        assert (await read(office, cursor))[0] == [], "lost: it was written too early"
        for _ in range(2):
            migrate(fresh_database_url)
            assert "restored" not in await reasons(engine)
            await write()
        told, cursor = await read(office, cursor)
        assert len({first["id"], *(each["id"] for each in told)}) == 3
        assert len((await read(office, None))[0]) == 4
        rows = await registry.rows("SELECT transaction_number() - max(written_in) FROM events")
        assert rows[0][0] < APART, "moved on once"

    async def test_no_number_that_is_gone_on_from_passes_for_one_of_this_server(
        self, registry: Registry
    ) -> None:
        """Nor where there is no event: what comes would be written before what was read."""
        (office,) = await make_offices(registry, 1)
        await office.put_case("24-1", case(someone()))
        person = await sign_in(registry, office, Role.ADMINISTRATOR)
        url = {"url": "https://cms.example.com/joinder"}
        assert (await person.send("POST", "/v1/webhooks", url)).is_success
        assert (await person.send("PUT", "/v1/me/notice-settings", {"muted": []})).is_success
        recount = [each for each in steps(registry.app.state.intake) if "recount" in each.name]
        await run(registry.operator, recount, as_of=utc_now())
        assert await registry.rows("SELECT 1 FROM events") == []
        engine = registry.app.state.sessions.kw["bind"]
        numbers = {
            "subjects": ["written_in"],
            "recounts": ["until"],
            "webhooks": ["written_in"],
            "notice_settings": ["read_written_in", "mail_written_in"],
        }
        for table, columns in numbers.items():
            for each in columns:
                assert "restored" not in await reasons(engine), (table, each)
                was = (await registry.rows(f"SELECT max({each}) FROM {table}"))[0][0]  # noqa: S608 -- ours
                for value in (10**12, was):
                    change = f"UPDATE {table} SET {each} = :value RETURNING 1"  # noqa: S608 -- ours
                    assert await registry.rows(change, value=value)
                    assert ("restored" in await reasons(engine)) is (value == 10**12), (table, each)

    async def test_are_numbered_as_before_when_others_write_while_the_schema_changes(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        """They are no rows of another server: whoever writes then would be numbered too low."""
        (office,) = await make_offices(registry, 1)
        await office.put_case("24-1", case(someone()))
        case_id = (await registry.rows("SELECT id FROM cases"))[0][0]
        connection = await asyncpg.connect(fresh_database_url)
        async with connection.transaction():
            await connection.execute("SET LOCAL ROLE joinder_owner; SELECT pg_current_xact_id()")
            async with transaction(registry.behind) as session:
                await session.execute(WRITE, {"id": case_id})
            await connection.execute(GO_ON)
        moved = "SELECT transaction_number() - pg_current_xact_id()::text::bigint"
        assert await connection.fetchval(moved) == 0
        await connection.close()

    async def test_tells_what_happens_to_an_overlap(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        await all_ended(shared_registry)
        (found,), cursor = await read(meeting.first, None)
        assert (found["type"], found["overlap_id"], found["case"]) == (
            "overlap.found",
            meeting.overlap_id,
            None,
        )
        await meeting.second.say(meeting.overlap_id, "confirmed")
        await all_ended(shared_registry)
        (updated,), cursor = await read(meeting.first, cursor)
        assert updated["type"] == "overlap.updated"
        await meeting.first.overlaps()
        await meeting.second.http.delete("/v1/cases/cms/24-1")
        await all_ended(shared_registry)
        (retracted,), cursor = await read(meeting.first, cursor)
        assert retracted["type"] == "overlap.retracted"
        await meeting.second.put_case("24-1", meeting.second_case)
        await all_ended(shared_registry)
        (again,), _ = await read(meeting.first, cursor)
        assert again["type"] == "overlap.found"

    async def test_tells_of_exactly_the_overlaps_that_the_office_may_know_of(
        self, shared_registry: Registry
    ) -> None:
        for kind in OBJECTS:
            meeting, _ = await scene(shared_registry, kind)
            office = meeting.first
            if kind == "other":
                (office,) = await make_offices(shared_registry, 1)
            known = {each["id"] for each in await office.overlaps()}
            await all_ended(shared_registry)
            events = (await read(office, None))[0]
            told = {each["overlap_id"] for each in events if each["request_id"] is None}
            assert told == known, kind
            assert bool(told) is (kind not in {"silent", "walled", "lapsed", "other"})

    async def test_tells_of_an_overlap_when_the_other_side_begins_to_show_it(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry, "open", "silent")
        await all_ended(shared_registry)
        assert (await read(meeting.first, None))[0] == []
        body = {**meeting.second_case, "disclosure": "contact_first"}
        assert (await meeting.second.put_case("24-1", body)).status_code == 200
        await all_ended(shared_registry)
        told, cursor = await read(meeting.first, None)
        assert {each["overlap_id"] for each in told} == {meeting.overlap_id}
        given = await meeting.second.http.post(
            "/v1/cases/cms/24-1/grants",
            json={
                "office": meeting.first.code,
                "rung": "contact",
                "purpose": "coordination",
                "expires_at": (utc_now() + timedelta(days=9)).isoformat(),
            },
            headers={"Idempotency-Key": meeting.key.hex},
        )
        assert given.status_code == 201, given.text
        await all_ended(shared_registry)
        (again,), _ = await read(meeting.first, cursor)
        assert (again["type"], again["overlap_id"]) == ("overlap.updated", meeting.overlap_id)

    async def test_of_a_contact_that_is_given_tells_of_that_overlap_alone(
        self, shared_registry: Registry
    ) -> None:
        """Two overlaps with one hidden case look like two cases, until their owner shows more."""
        owner, asker = await make_offices(shared_registry)
        known, other = phone(), phone()
        await owner.put_case(
            "24-1", case(someone(phones=(known, other)), disclosure="contact_first")
        )
        for place, value in enumerate((known, other)):
            await asker.put_case(f"24-{place}", case(someone(phones=(value,))))
        asked, _ = await asker.overlaps()
        await all_ended(shared_registry)
        _, cursor = await read(asker, None)
        once = {"Idempotency-Key": uuid4().hex}
        path = f"/v1/overlaps/{asked['id']}/contact-requests"
        request = await asker.http.post(path, json={"reason": "same_subject"}, headers=once)
        accepted = await owner.http.post(
            f"/v1/contact-requests/{request.json()['id']}/answers",
            json={"answer": "accept"},
            headers={"Idempotency-Key": uuid4().hex, "If-Match": request.headers["ETag"]},
        )
        assert accepted.status_code == 200, accepted.text
        await all_ended(shared_registry)
        told, _ = await read(asker, cursor)
        assert {each["overlap_id"] for each in told} == {asked["id"]}
        assert sorted(each["type"] for each in told) == ["contact.answered", "overlap.updated"]

    async def test_of_a_wall_within_an_office_tells_nobody_else(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        heads = [await sign_in(shared_registry, meeting.first, Role.LEADERSHIP) for _ in range(3)]
        await all_ended(shared_registry)
        _, cursor = await read(meeting.second, None)
        walls = "/v1/cases/cms/24-1/walls"
        wall = await heads[0].send("POST", walls, {"person": f"psn_{heads[2].key.hex}"})
        assert wall.status_code == 201, wall.text
        for head in heads[:2]:  # two lift one
            lifted = await head.send("DELETE", f"{walls}/{wall.json()['id']}")
            assert lifted.is_success, lifted.text
        await all_ended(shared_registry)
        assert (await read(meeting.second, cursor))[0] == []

    async def test_who_was_away_for_too_long_is_told_so_and_nobody_else(
        self, registry: Registry
    ) -> None:
        """Whatever is not told by then is still there, however late in the night it is deleted."""
        meeting = await meet(registry)
        await all_ended(registry)
        _, cursor = await read(meeting.first, None)
        await meeting.second.say(meeting.overlap_id, "confirmed")
        await all_ended(registry)
        pager = registry.app.state.pager
        scope = f"{await office_id(registry, meeting.first)}:/v1/events"
        place, day = pager.read_reached(scope, cursor)
        answers = {}
        for days in range(88, 94):
            async with transaction(registry.operator) as session:
                later = utc_now() + timedelta(days=days)
                while await upkeep.forget_events(session, NIGHTLY, now=later, limit=9):
                    pass
            old = pager.onward(scope, Reached(place, day - timedelta(days=days)))
            answer = await meeting.first.http.get("/v1/events", params={"cursor": old})
            answers[days] = answer.status_code
            if answer.status_code == 200:
                assert [each["type"] for each in answer.json()["items"]] == ["overlap.updated"]
            else:
                assert (answer.status_code, answer.json()["code"]) == (410, "events-forgotten")
        assert (answers[88], answers[92]) == (200, 410)
        assert (await read(meeting.first, None))[0] == [], "gone: who was not told missed it"

    async def test_a_cursor_of_a_full_page_is_as_old_as_its_last_event(
        self, registry: Registry
    ) -> None:
        (office,) = await make_offices(registry, 1)
        assert (await read(office, None))[1], "there is one though nothing ever happened"
        await office.put_case("24-1", case(someone()))
        case_id = (await registry.rows("SELECT id FROM cases"))[0][0]
        for days in (91, 60, 30):
            async with transaction(registry.behind) as session:
                await session.execute(WRITE, {"id": case_id})
            await registry.rows(
                "UPDATE events SET at = :at WHERE number = (SELECT max(number) FROM events)"
                " RETURNING 1",
                at=utc_now() - timedelta(days=days),
            )
        await all_ended(registry)
        pager = registry.app.state.pager
        scope, cursor = f"{await office_id(registry, office)}:/v1/events", None
        ages = list[int]()
        while len(ages) < 4:
            asked = {"limit": "1"} | ({"cursor": cursor} if cursor else {})
            page = (await office.http.get("/v1/events", params=asked)).json()
            cursor = page["resume_cursor"]
            ages.append((utc_now().date() - pager.read_reached(scope, cursor).on).days)
        # one that is kept for longer than it is promised does not end the reading
        assert ages == [90, 60, 30, 0]

    async def test_a_cursor_is_of_one_office(self, shared_registry: Registry) -> None:
        meeting = await meet(shared_registry)
        await all_ended(shared_registry)
        _, cursor = await read(meeting.first, None)
        answer = await meeting.second.http.get("/v1/events", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid")

    async def test_what_was_hidden_when_it_was_written_stays_so_after_the_agreement(
        self, shared_registry: Registry
    ) -> None:
        meeting = await meet(shared_registry)
        await end_agreement(shared_registry, meeting.second)
        await all_ended(shared_registry)
        assert (await read(meeting.first, None))[0] == []
