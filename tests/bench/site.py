"""Where the benchmark runs: a durable server, a database of its own, offices, real processes."""

import asyncio
import multiprocessing
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from app.core.db import CONNECTION_SETTINGS
from app.postgres.durability import check_durable
from app.postgres.profiles import DISPOSABLE
from app.postgres.server import EmbeddedServer
from app.serving.installation import Installation
from app.serving.keys import create_keys
from app.serving.supervisor import Service, running
from tests.bench import load
from tests.database import Template, abandoned_homes, allow_looking_behind, run
from tests.factories import ISSUER, OfficeClient, Registry

_HOMES: Final = "joinder-bench-"


@dataclass(frozen=True)
class Site:
    """A migrated database of the benchmark's own, with two participating offices."""

    here: Installation
    registry: Registry
    offices: tuple[OfficeClient, OfficeClient]
    database: asyncpg.Connection
    """A bare connection, for filling and counting."""
    client: ProcessPoolExecutor
    """One process beside ours, from which requests come."""

    def token(self, office: OfficeClient) -> str:
        """Return a fresh access token; one lasts ten minutes."""
        client = self.registry.client(office.code, office.client_id)
        return client.http.headers["Authorization"].removeprefix("Bearer ")

    @contextmanager
    def serving(self, workers: int, evaluators: int = 1) -> Iterator[Service]:
        """Start the real processes as `joinder serve` does."""
        settings = {"JOINDER_PUBLIC_URL": ISSUER}
        log = self.here.keys.with_name("service.log")
        with running(
            self.here, workers=workers, evaluators=evaluators, settings=settings, log=log
        ) as service:
            yield service

    async def drive(
        self, port: int, streams: Sequence[Sequence[bytes]], seconds: float | None = None
    ) -> load.Outcome:
        """Send requests from the client process; see `load.drive`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.client, load.drive, port, streams, seconds)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[asyncpg.Connection]:
        """Yield a bare connection with the settings that the service gives its own."""
        async with _connected(self.here.database_url, CONNECTION_SETTINGS) as connection:
            yield connection

    async def empty(self) -> None:
        """Delete every case, token and audit entry; offices and sealing keys stay."""
        await self.database.execute("TRUNCATE cases, tokens, audit_entries CASCADE")


@asynccontextmanager
async def site() -> AsyncIterator[Site]:
    """Yield a place to measure, deleted afterwards.

    Raises:
        RuntimeError: the server would lose data; figures of such a server say nothing.
    """
    fresh = multiprocessing.get_context("spawn")
    with (
        _server() as server_url,
        tempfile.TemporaryDirectory() as directory,
        ProcessPoolExecutor(1, mp_context=fresh) as client,
    ):
        keys = Path(directory) / "keys"
        create_keys(keys)
        template = Template(server_url)
        try:
            with template.clone() as url:
                async with Registry.started(url, keys) as registry, _connected(url) as database:
                    if reasons := await check_durable(database):
                        raise RuntimeError("; ".join(reasons))
                    codes = ("CA001000A", "NV002000A")
                    first, second = [await registry.add_office(code) for code in codes]
                    here = Installation(url, url, keys)
                    yield Site(here, registry, (first, second), database, client)
        finally:
            template.drop()


@contextmanager
def _server() -> Iterator[str]:
    """Yield the URL of the server that JOINDER_DATABASE_URL names, or of an embedded durable one.

    An embedded one is deleted afterwards, and so is what a killed run left behind.
    """
    named = os.environ.get("JOINDER_DATABASE_URL")
    if named:
        yield named
        return
    temporary = Path(tempfile.gettempdir())
    for abandoned in abandoned_homes(temporary, _HOMES):
        EmbeddedServer(abandoned, profile=DISPOSABLE).discard()
    home = temporary / f"{_HOMES}{secrets.token_hex(8)}"
    try:
        with EmbeddedServer(home) as server:
            run(allow_looking_behind(server))
            yield server.url
    finally:
        EmbeddedServer(home, profile=DISPOSABLE).discard()


@asynccontextmanager
async def _connected(
    url: str, settings: dict[str, str] | None = None
) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url, server_settings=settings)
    try:
        yield connection
    finally:
        await connection.close()


def port_of(service: Service) -> int:
    """Return the port that the registry answers on."""
    return int(service.addresses.registry.rpartition(":")[2])


def resident_megabytes(service: Service) -> float:
    """Return the largest resident set among the registry processes (VmRSS, Linux)."""
    registries = service.processes[1:]
    sizes = []
    for process in registries:
        status = Path(f"/proc/{process.pid}/status").read_text()
        sizes.append(int(status.partition("VmRSS:")[2].split()[0]) / 1024)
    return max(sizes)
