"""The fixtures themselves: databases are migrated and separate, the network is closed."""

import socket
from typing import Final, Never, get_args

import asyncpg
import pytest

from app.notifications.schemas import EventType
from tests.database import migrate
from tests.network import NetworkClosedError


async def name_and_tables(url: str) -> tuple[str, int]:
    connection = await asyncpg.connect(url)
    try:
        row = await connection.fetchrow(
            "SELECT current_database(), (SELECT count(*) FROM pg_tables"
            " WHERE schemaname = 'public')"
        )
    finally:
        await connection.close()
    assert row is not None
    return row[0], row[1]


TOLD: Final = "EXISTS (SELECT FROM pg_proc WHERE prosrc LIKE '%''' || t.type || '''%')"
"""SQL: whether a function of the database tells of events of this type."""


async def tell_of_each_type(url: str) -> int:
    """Store an event of each type that functions tell of; return of how many."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("ALTER TABLE events DROP CONSTRAINT fk_events_overlap_id")
        told = await connection.execute(
            "INSERT INTO events (office_id, type, overlap_id)"  # noqa: S608 -- a constant
            " SELECT 1, t.type, gen_random_uuid()"
            f" FROM unnest($1::text[]) AS t (type) WHERE {TOLD}",
            list(get_args(EventType)),
        )
    finally:
        await connection.close()
    return int(told.rpartition(" ")[2])


async def types_that_nothing_tells(url: str) -> list[str]:
    """Return the types of stored events that the release of this schema cannot read."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            f"SELECT DISTINCT t.type FROM events t WHERE NOT {TOLD}"  # noqa: S608 -- as above
        )
    finally:
        await connection.close()
    return [row[0] for row in rows]


def take_back_all(url: str) -> Never:
    """Take back one migration after the other until one says that it cannot be."""
    while True:
        migrate(url, "-1")


class TestDatabases:
    async def test_every_url_is_a_migrated_database_of_its_own(
        self, database_url: str, fresh_database_url: str
    ) -> None:
        shared, fresh = [await name_and_tables(url) for url in (database_url, fresh_database_url)]
        assert shared[0] != fresh[0]
        assert shared[1] == fresh[1] >= 1  # at least Alembic's own table

    async def test_the_newest_changes_of_the_schema_can_be_taken_back_and_made_again(
        self, fresh_database_url: str
    ) -> None:
        """Each one down to the last that says that it cannot."""
        _, before = await name_and_tables(fresh_database_url)
        assert await tell_of_each_type(fresh_database_url) > 10
        migrate(fresh_database_url, "-1")  # the newest, at least
        with pytest.raises(NotImplementedError, match=r"\w+ \w+"):  # which says what would be lost
            take_back_all(fresh_database_url)
        assert not await types_that_nothing_tells(fresh_database_url)
        migrate(fresh_database_url)
        assert (await name_and_tables(fresh_database_url))[1] == before

    @pytest.mark.parametrize("turn", [1, 2])
    async def test_nothing_committed_reaches_another_test(
        self, fresh_database_url: str, turn: int
    ) -> None:
        connection = await asyncpg.connect(fresh_database_url)
        await connection.execute("CREATE TABLE left_behind (turn int)")
        await connection.execute("INSERT INTO left_behind VALUES ($1)", turn)
        await connection.close()


class TestClosedNetwork:
    @pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "example.org"])
    def test_outside_is_refused(self, address: str) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family) as connection, pytest.raises(NetworkClosedError):
            connection.connect((address, 443))
        with pytest.raises(NetworkClosedError):
            socket.getaddrinfo(address, 443)
        with pytest.raises(NetworkClosedError):
            socket.create_connection((address, 443))
        with (
            socket.socket(family, socket.SOCK_DGRAM) as datagrams,
            pytest.raises(NetworkClosedError),
        ):
            datagrams.sendto(b"?", (address, 53))

    def test_loopback_stays_open(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            with socket.create_connection(server.getsockname()) as connection:
                assert connection.getpeername() == server.getsockname()
            with socket.create_connection(("localhost", server.getsockname()[1])):
                pass
