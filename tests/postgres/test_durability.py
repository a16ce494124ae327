"""Which servers the service refuses to trust."""

import subprocess
from pathlib import Path

import asyncpg

from app.postgres.binaries import find_binaries
from app.postgres.durability import check_durable
from app.postgres.profiles import DISPOSABLE
from app.postgres.server import EmbeddedServer
from tests.database import run


async def reasons(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return await check_durable(connection)
    finally:
        await connection.close()


def change_checksums(server: EmbeddedServer, action: str) -> None:
    """Run pg_checksums on the stopped cluster."""
    account = server.layout.account
    program = find_binaries(account).path("pg_checksums")
    subprocess.run(
        [program, action, "--no-sync", "-D", server.layout.data],
        check=True,
        capture_output=True,
        user=account.switch_user,
        group=account.switch_group,
        extra_groups=account.switch_extra_groups,
        cwd="/",
    )


class TestCheckDurable:
    async def test_durable_server_is_safe(self, server: EmbeddedServer) -> None:
        assert await reasons(server.url) == []

    async def test_login_that_turned_commits_off_is_unsafe(self, server: EmbeddedServer) -> None:
        connection = await asyncpg.connect(server.url)
        await connection.execute("ALTER ROLE joinder SET synchronous_commit = off")
        found = await reasons(server.url)
        await connection.execute("ALTER ROLE joinder RESET synchronous_commit")
        await connection.close()
        assert [each.split(" ")[0] for each in found] == ["synchronous_commit"]

    async def test_superuser_login_is_unsafe(self, server: EmbeddedServer) -> None:
        password = server.layout.superuser_password.read_text()
        url = server.url.replace(
            f"joinder:{server.layout.password.read_text()}", f"postgres:{password}"
        )
        assert [each for each in await reasons(url) if "superuser" not in each] == []
        assert len(await reasons(url)) == 1

    def test_disposable_server_without_checksums_is_unsafe(self, shared_home: Path) -> None:
        server = EmbeddedServer(shared_home, profile=DISPOSABLE)
        server.start()
        server.stop()
        change_checksums(server, "--disable")
        with server:
            found = [each.split(" ")[0] for each in run(reasons(server.url))]
        change_checksums(server, "--enable")
        assert found == ["fsync", "full_page_writes", "synchronous_commit", "data_checksums"]
