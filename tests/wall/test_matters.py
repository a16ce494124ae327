"""What a party may write of a matter by bare SQL, whatever the application asks for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import asyncpg
import pytest

from app.core.ids import new_id, parse_public_id
from tests.factories import Registry
from tests.handling.heads import TERMS, Side, draft, good, settle
from tests.wall.acting import acting, be, office_id, refused

ORIGIN: Final = (
    "INSERT INTO origin_entries (office_id, from_office_id, what, request_id, at)"
    " VALUES ($1, $2, 'lead', $3, now())"
)
LEAD: Final = (
    "INSERT INTO matter_leads (id, request_id, office_id, from_office_id, offered_by, offered_at,"
    " accepted_by, accepted_at) VALUES (gen_random_uuid(), $1, $2, $3, 'test', now(), $4, $5)"
)
OFFER: Final = "INSERT INTO matter_leads VALUES ($4, $1, $2, $3, $5, now())"
ACCEPT: Final = "UPDATE matter_leads SET accepted_at = now(), accepted_by = $2 WHERE id = $1"
TASK: Final = (
    "INSERT INTO matter_tasks (id, request_id, office_id, kind, due_on, made_by, made_at)"
    " VALUES (gen_random_uuid(), $1, $2, 'other', current_date, 'test', now())"
)
SIGNATURE: Final = (
    "INSERT INTO handling_signatures SELECT gen_random_uuid(), request_id, 9, purpose, $1,"
    " person_id, post, attestation, text, digest, now(), now() FROM handling_signatures"
    " WHERE office_id <> $1"
)
REQUEST: Final = (
    "INSERT INTO handling_requests (id, kind, status, requester_office_id, requested_by,"
    " on_silence, answer_days, terms_number, agreed_number, version, requested_at, sent_at, due_at)"
    " VALUES (gen_random_uuid(), 'co_counsel', $2, $1, 'test', 'none', 9, 1, $3, 1, now(), $4,"
    " now())"
)


@dataclass
class Led:
    """A matter of two offices, the first of which leads, and an office outside it."""

    url: str
    sides: list[Side]
    request: UUID
    first: int
    second: int
    stranger: int

    @asynccontextmanager
    async def as_office(self, office: int) -> AsyncIterator[asyncpg.Connection]:
        """Yield a connection that acts for an office; its changes are rolled back."""
        async with acting(self.url, "joinder_app", office) as connection:
            yield connection

    async def row(self, sql: str) -> asyncpg.Record:
        """Return the first row of what stands behind every wall."""
        connection = await asyncpg.connect(self.url)
        found = await connection.fetchrow(sql)
        await connection.close()
        assert found is not None
        return found


@pytest.fixture
async def led(registry: Registry, fresh_database_url: str) -> Led:
    sides, request = await draft(registry)
    await settle(sides, request)
    offices = [*(side.office for side in sides), await registry.add_office("TX-0000009")]
    keys = [await office_id(registry, office) for office in offices]
    key = parse_public_id("hnd", request)
    assert key is not None
    return Led(fresh_database_url, sides, key, *keys)


async def test_of_a_matter_a_party_writes_only_what_is_its_own(led: Led) -> None:
    now = (await led.row("SELECT now()"))[0]
    for office, other in ((led.first, led.second), (led.second, led.first)):
        async with led.as_office(office) as connection:
            await be(connection, "leadership", new_id())
            for to, of in ((office, other), (other, office)):
                assert await refused(connection, ORIGIN, to, of, led.request)
            assert await refused(connection, "UPDATE matters SET lead_office_id = $1", office)
            assert await refused(connection, "UPDATE matters SET ends_on = ends_on + 1")
            assert await refused(connection, LEAD, led.request, office, None, "test", now)
            assert await refused(connection, LEAD, led.request, office, other, "test", now)
            assert await refused(connection, LEAD, led.request, office, other, None, None)
            assert await refused(connection, SIGNATURE, office)
            assert not await refused(connection, TASK, led.request, other)
            assert await refused(connection, TASK, led.request, led.stranger)
    async with led.as_office(led.second) as connection:
        assert await refused(connection, LEAD, led.request, led.stranger, led.second, None, None)


async def test_the_lead_passes_when_who_was_offered_it_accepts(led: Led) -> None:
    offer, me = new_id(), new_id()
    own, other = f"person:{me}", f"person:{new_id()}"
    async with led.as_office(led.first) as connection:
        made = (led.request, led.second, led.first, offer)
        for role in ("client", "prosecutor", "coordinator"):
            await be(connection, role, me)
            assert await refused(connection, OFFER, *made, own), role
        await be(connection, "leadership", me)
        assert await refused(connection, OFFER, *made, other)
        await connection.execute(OFFER, *made, own)
        assert await refused(connection, ACCEPT, offer, own)  # for the other one
    taken = good(
        await led.sides[0].work(
            f"mat_{led.request.hex}/lead-offers", {"office": led.sides[1].office.code}
        )
    )
    (waiting,) = (each["id"] for each in taken["leads"] if each["accepted_at"] is None)
    offer = parse_public_id("led", waiting) or offer
    async with led.as_office(led.stranger) as connection:
        await be(connection, "leadership", me)
        assert await connection.execute(ACCEPT, offer, own) == "UPDATE 0"
    async with led.as_office(led.second) as connection:
        for role in ("client", "prosecutor", "coordinator"):
            await be(connection, role, me)
            assert await refused(connection, ACCEPT, offer, own), role
        await be(connection, "leadership", me)
        assert await refused(connection, ACCEPT, offer, other)
        take_back = "UPDATE matter_leads SET withdrawn_at = now() WHERE id = $1"
        assert await refused(connection, take_back, offer)  # it may leave it, not end it
        assert await connection.execute(ACCEPT, offer, own) == "UPDATE 1"
        assert await connection.fetchval("SELECT lead_office_id FROM matters") == led.second
        undo = "UPDATE matter_leads SET accepted_at = NULL, accepted_by = NULL"
        assert await connection.execute(undo) == "UPDATE 0"
        ledger = await connection.fetch(
            "SELECT from_office_id FROM origin_entries WHERE what = 'lead'"
        )
        assert [row[0] for row in ledger] == [led.first]


async def test_no_request_is_agreed_but_by_signatures_of_all(led: Led) -> None:
    later = {"answer": "extend", "ends_on": str(int(TERMS["ends_on"][:4]) + 1) + "-01-15"}
    good(await led.sides[1].send(f"hnd_{led.request.hex}", "answers", later))
    now = (await led.row("SELECT now()"))[0]
    for office in (led.first, led.second):
        async with led.as_office(office) as connection:
            assert await refused(connection, "UPDATE handling_requests SET agreed_number = 2")
            for status, agreed, sent in (
                ("active", 1, now),
                ("awaiting_their_leadership", None, now),
                ("sent", None, now),
                ("draft", None, now),
                ("draft", 1, None),
            ):
                assert await refused(connection, REQUEST, office, status, agreed, sent)
            assert not await refused(connection, REQUEST, office, "draft", None, None)


async def test_no_party_is_named_and_none_signs_beside_whom_its_own_wall_keeps_out(
    led: Led,
) -> None:
    name = (
        "INSERT INTO handling_parties (request_id, number, office_id, requester_case_id)"
        " SELECT request_id, 3, $1, requester_case_id FROM handling_parties WHERE number = 2"
    )
    accept = "UPDATE handling_parties SET accepted_terms = 1 WHERE office_id = $1"
    wall = (
        "INSERT INTO case_walls (id, case_id, office_id, set_at, set_by) SELECT gen_random_uuid(),"
        " c.id, $1, now(), 'test' FROM cases c"
    )
    for office, other in ((led.first, led.second), (led.second, led.first)):
        async with led.as_office(office) as connection:
            assert not await refused(connection, accept, office)
            await connection.execute(wall, other)
            assert await refused(connection, accept, office)
    async with led.as_office(led.first) as connection:
        await connection.execute("UPDATE handling_requests SET version = 1")
        assert not await refused(connection, name, led.stranger)
        await connection.execute(wall, led.stranger)
        assert await refused(connection, name, led.stranger)
