"""Cases leave matching when their review date passes, and the database some time after it."""

from datetime import datetime, timedelta
from typing import Any

import asyncpg

from app.core.clock import utc_now
from app.jobs.nightly import Done, run
from app.jobs.steps import steps
from app.retention.queries import SHOWN_FOR
from tests.factories import Registry
from tests.scenes import Meeting, all_ended, meet
from tests.wall.acting import office_id

DAY = timedelta(days=1)
NUMBERS = {
    # which cases they were is the record itself
    "purged_cases": "the tombstone",
    "readings": "who read what of a case, for its owner (28 CFR 23.20(g))",
    "glass_breaks": "who read in an emergency, and how that was judged",
    "canary_alarms": "which post sprang an alarm",
    # they go with the overlap or the request
    "overlap_sides": "with its overlap",
    "contact_requests": "with its overlap",
    "handling_parties": "with the request, or the case stays",
}
"""Tables with the number of a case that no reference binds to it, and why."""


async def leave(registry: Registry, as_of: datetime) -> list[Done]:
    every = steps(registry.app.state.intake)
    return await run(registry.operator, every, as_of=as_of)


async def let_pass(meeting: Meeting) -> int:
    """Set the first office's review date to yesterday; return the key of its case."""
    rows = await meeting.registry.rows(
        "UPDATE cases c SET review_on = current_date - 1, validated_on = current_date - 1000"
        " FROM offices o WHERE o.id = c.office_id AND o.code = :code RETURNING c.id",
        code=meeting.first.code,
    )
    key: int = rows[0][0]
    return key


async def dump(url: str) -> dict[str, str]:
    """Return every row of every table as text."""
    connection = await asyncpg.connect(url)
    tables = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    found = {}
    for (name,) in tables:
        rows = await connection.fetch(f'SELECT to_jsonb(t)::text FROM "{name}" t')  # noqa: S608 -- from the catalog
        found[name] = "\n".join(row[0] for row in rows)
    await connection.close()
    return found


def handled(done: list[Done], step: str) -> int:
    (found,) = [each for each in done if each.step == step]
    assert found.state == "succeeded", found
    return found.count


class TestExpire:
    async def test_a_case_whose_review_date_passed_matches_no_more(
        self, registry: Registry
    ) -> None:
        meeting = await meet(registry)
        for office in (meeting.first, meeting.second):
            assert len(await office.overlaps()) == 1
        case_id = await let_pass(meeting)
        assert handled(await leave(registry, utc_now()), "cases.expire") == 1
        assert await meeting.second.overlaps() == []
        assert (await meeting.first.http.get("/v1/cases/cms/24-1")).status_code == 404
        rows = await registry.rows("SELECT 1 FROM subjects WHERE case_id = :id", id=case_id)
        assert rows == []
        (entry,) = await registry.audit("case.expired")
        assert (entry["actor"], entry["object"]) == ("nightly", str(case_id))
        await all_ended(registry)
        events = (await meeting.first.http.get("/v1/events")).json()["items"]
        assert [each["type"] for each in events] == [
            "overlap.found",
            "overlap.retracted",
            "case.expired",
        ]

    async def test_posting_it_again_is_the_review(self, registry: Registry) -> None:
        meeting = await meet(registry)
        await let_pass(meeting)
        await leave(registry, utc_now())
        assert (await meeting.first.put_case("24-1", meeting.first_case)).status_code < 300
        assert len(await meeting.second.overlaps()) == 1
        assert handled(await leave(registry, utc_now()), "cases.expire") == 0

    async def test_on_its_review_date_it_still_matches(self, registry: Registry) -> None:
        meeting = await meet(registry)
        await let_pass(meeting)
        assert handled(await leave(registry, utc_now() - DAY), "cases.expire") == 0
        assert len(await meeting.second.overlaps()) == 1

    async def test_a_legal_hold_keeps_a_case(self, registry: Registry) -> None:
        meeting = await meet(registry)
        case_id = await let_pass(meeting)
        held = "UPDATE cases SET held_at = now(), held_by = 'p', hold_reason = 'r' WHERE id = :id"
        await registry.rows(f"{held} RETURNING 1", id=case_id)
        done = await leave(registry, utc_now())
        assert handled(done, "cases.expire") == 0
        await registry.rows("UPDATE cases SET withdrawn_at = now() RETURNING 1")
        done = await leave(registry, utc_now() + SHOWN_FOR + DAY)
        assert handled(done, "cases.purge") == 1
        assert await registry.rows("SELECT 1 FROM cases WHERE id = :id", id=case_id)


class TestPurge:
    async def test_every_reference_goes_with_what_it_refers_to(self, registry: Registry) -> None:
        """A reference that did not would keep the case for good."""
        stays = await registry.rows(
            "SELECT conrelid::regclass::text || ' ' || conname FROM pg_constraint"
            " WHERE contype = 'f' AND confdeltype <> 'c'"
            " AND confrelid IN ('cases'::regclass, '\"overlaps\"'::regclass)"
        )
        assert stays == []
        loose = await registry.rows(
            "SELECT DISTINCT a.attrelid::regclass::text FROM pg_attribute a"
            " JOIN pg_class t ON t.oid = a.attrelid AND t.relkind = 'r'"
            " WHERE a.attname LIKE '%case\\_id' AND NOT EXISTS (SELECT FROM pg_constraint r"
            " WHERE r.conrelid = a.attrelid AND r.contype = 'f' AND r.conkey = ARRAY[a.attnum]"
            " AND r.confrelid = 'cases'::regclass)"
        )
        assert {row[0] for row in loose} == NUMBERS.keys()

    async def test_goes_on_when_a_case_fails(
        self, registry: Registry, fresh_database_url: str
    ) -> None:
        meeting = await meet(registry)
        for office in (meeting.first, meeting.second):
            assert (await office.http.delete("/v1/cases/cms/24-1")).status_code == 204
        connection = await asyncpg.connect(fresh_database_url)
        await connection.execute(
            "CREATE TABLE keepers (case_id bigint REFERENCES cases);"
            "INSERT INTO keepers SELECT min(id) FROM cases"
        )
        await connection.close()
        later = utc_now() + SHOWN_FOR + DAY
        for night in range(7):
            done = await leave(registry, later + night * DAY)
            assert {each.state for each in done} == {"succeeded"}
        stuck: list[Any] = await registry.rows("SELECT attempts, error FROM stuck_cases")
        assert [tuple(row) for row in stuck] == [(5, "ForeignKeyViolationError")]
        told = await registry.audit("case.stuck")
        assert [each["office_id"] for each in told] == [
            await office_id(registry, meeting.first)
        ] * 5
        assert len(await registry.rows("SELECT 1 FROM purged_cases")) == 1

    async def test_an_office_of_joint_handling_keeps_its_case(self, registry: Registry) -> None:
        meeting = await meet(registry)
        asked = await meeting.first.request_handling(meeting.overlap_id)
        answer = await meeting.second.answer(asked.json()["id"], {"answer": "accept"})
        assert answer.status_code == 200, answer.text
        for office in (meeting.first, meeting.second):
            assert (await office.http.delete("/v1/cases/cms/24-1")).status_code == 204
        done = await leave(registry, utc_now() + SHOWN_FOR + DAY)
        assert handled(done, "cases.purge") == 0
