"""Databases for tests: a migrated template per worker, and clones of it in tens of milliseconds.

Nobody connects to a template. It lives on a disposable embedded server that the workers of a run
share, or on the server that JOINDER_DATABASE_URL names. The login of the tests looks behind row
security (BYPASSRLS) and may become every role; the service's own connections become theirs at once
and have its rights only. A named login needs CREATEDB, BYPASSRLS, the roles of `joinder roles` (one
login for both), and joinder_ladder.
"""

import asyncio
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg
from alembic import command
from alembic.config import Config

from app.postgres.profiles import DISPOSABLE
from app.postgres.server import EmbeddedServer
from app.serving import roles

ROOT = Path(__file__).parents[1]
_HOMES = "joinder-tests-"

ABANDONED_SECONDS = 3600
_TRIES = 30
MEMORY = Path("/dev/shm")  # noqa: S108 -- what is made there is the user's own
ROOM = 6 * 2**30

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end from synchronous code, whether or not a loop runs around it."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def migrate(url: str, to: str = "head") -> None:
    """Bring the database at `url` to the newest schema by the migrations production uses.

    Or back: `-1` is the schema before.
    """
    act = command.upgrade if to == "head" else command.downgrade
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["url"] = url
    with ThreadPoolExecutor(max_workers=1) as thread:  # its asyncio.run must not meet our loop
        thread.submit(act, config, to).result()


def place() -> Path:
    """Return where servers live: in memory if there is room, where a copy costs a quarter."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    return MEMORY if has_room else Path(tempfile.gettempdir())


def abandoned_homes(within: Path, prefix: str) -> list[Path]:
    """Return our own temporary homes that no run can be making any more: hours old."""
    found = []
    for home in within.glob(f"{prefix}*"):
        with suppress(FileNotFoundError):
            state = home.stat()
            if state.st_uid == os.geteuid() and time.time() - state.st_mtime > ABANDONED_SECONDS:
                found.append(home)
    return found


@contextmanager
def serving(run_id: str) -> Iterator[str]:
    """Yield the URL of a server; the same one for all workers of a test run.

    The last worker that leaves deletes an embedded server. What a killed run left behind is
    deleted by the next one.
    """
    named = os.environ.get("JOINDER_DATABASE_URL")
    if named:
        yield named
        return
    for within in (MEMORY, Path(tempfile.gettempdir())):  # what fills memory is found from outside
        for abandoned in abandoned_homes(within, _HOMES):
            with suppress(FileNotFoundError):  # another worker was quicker
                EmbeddedServer(abandoned, profile=DISPOSABLE).discard()
    # not in pytest's directories: they are closed to the account that PostgreSQL runs under
    server = EmbeddedServer(place() / f"{_HOMES}{run_id}", profile=DISPOSABLE)
    server.start()
    run(allow_looking_behind(server))
    try:
        yield server.url
    finally:
        server.discard()


async def allow_looking_behind(server: EmbeddedServer) -> None:
    """Let the login of `server.url` become every role, see past row security, and checkpoint."""
    connection = await asyncpg.connect(server.superuser_url)
    try:
        async with connection.transaction():
            await connection.execute(roles.statements("joinder", "joinder"))
            await connection.execute(
                "GRANT joinder_ladder, pg_checkpoint TO joinder; ALTER ROLE joinder BYPASSRLS"
            )
    finally:
        await connection.close()


class Template:
    """A migrated database on the server of `server_url`, made to be copied."""

    def __init__(self, server_url: str) -> None:
        """Build it; `server_url` names a database to issue CREATE DATABASE from."""
        self._server_url = server_url
        self._name = f"joinder_test_{secrets.token_hex(6)}"
        self._execute(f'CREATE DATABASE "{self._name}"')
        migrate(self._url_of(self._name))

    @contextmanager
    def clone(self) -> Iterator[str]:
        """Yield the URL of a copy, dropped afterwards with whatever connections it still has."""
        name = f"{self._name}_{secrets.token_hex(4)}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{self._name}" STRATEGY file_copy')
        try:
            yield self._url_of(name)
        finally:
            self._drop(name)

    def drop(self) -> None:
        """Drop the template itself."""
        self._drop(self._name)

    def _url_of(self, name: str) -> str:
        return urlsplit(self._server_url)._replace(path=f"/{name}").geturl()

    def _drop(self, name: str) -> None:
        for _ in range(_TRIES):  # only a superuser may end an autovacuum worker: it is soon gone
            with suppress(asyncpg.InsufficientPrivilegeError):
                return self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            time.sleep(1)
        raise TimeoutError(f"somebody holds {name}")

    def _execute(self, statement: str) -> None:
        async def connect_and_execute() -> None:
            connection = await asyncpg.connect(self._server_url)
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        run(connect_and_execute())
