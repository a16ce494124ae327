"""Deliveries in a network of their own, whose name server somebody else runs and binds names anew.

    unshare --mount --net python -m tests.webhooks.rebinding DATABASE_URL KEYS < ANSWERS

Every address leads to this machine there, and whichever is connected to is written down. ANSWERS is
a JSON list with, for each delivery, what the name server says the first, second, ... time that it
is asked. Nothing is patched: names are asked for by the C library, and the loop is the worker's.
"""

import asyncio
import ipaddress
import json
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import uvloop

from app.core.clock import utc_now
from app.core.db import create_engine, create_sessions
from app.core.keyfiles import KeyFiles
from app.core.outbound import is_public
from app.people.seal import Seal
from app.webhooks import delivering
from app.webhooks.destinations import Destinations

Answers = list[list[str]]
_TYPES: Final = {1: 4, 28: 6}
"""Of records, A and AAAA, and of what version their addresses are."""
_QUESTION: Final = 12
"""Where in a message the question begins (RFC 1035 section 4.1.1)."""


class NameServer(asyncio.DatagramProtocol):
    """Answers any name, with records that nobody may keep, and otherwise each time it is asked."""

    def __init__(self) -> None:
        self.answers: Answers = []
        self.asked = dict.fromkeys(_TYPES, 0)
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        end = data.index(b"\0", _QUESTION) + 5
        kind = int.from_bytes(data[end - 4 : end - 2], "big")
        found: list[bytes] = []
        if kind in _TYPES:
            now = self.answers[min(self.asked[kind], len(self.answers) - 1)]
            self.asked[kind] += 1
            every = [ipaddress.ip_address(each) for each in now]
            found = [each.packed for each in every if each.version == _TYPES[kind]]
        head = data[:2] + b"\x81\x80" + b"\0\1" + len(found).to_bytes(2, "big") + bytes(4)
        records = [
            b"\xc0\x0c" + data[end - 4 : end] + bytes(4) + len(each).to_bytes(2, "big") + each
            for each in found
        ]
        self._transport.sendto(head + data[_QUESTION:end] + b"".join(records), address)


class Deliveries:
    """What is delivered by a webhook that is there already, and where that led."""

    def __init__(self, url: str, keys: Path) -> None:
        engine = create_engine(url, pool_size=2)
        seal = Seal(KeyFiles(keys / "registry").secret("app-secret"))
        self._post = delivering.Post(create_sessions(engine), seal, Destinations())
        self._url = url
        self._server = NameServer()
        self._connected: list[str] = []

    async def make(self, every: list[Answers]) -> list[dict[str, Any]]:
        """Return of each delivery what was asked, where it led, and how it ended."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self._server, local_addr=("127.0.0.1", 53))
        for host in ("0.0.0.0", "::"):  # noqa: S104 -- in a network that nobody else is in
            with suppress(OSError):  # where there is no IPv6
                await asyncio.start_server(self._note, host, 443)
        self._connection = await asyncpg.connect(self._url)
        (webhook,) = await self._connection.fetch("SELECT id, office_id, url FROM webhooks")
        done = [await self._deliver(webhook, answers) for answers in every]
        again: Answers = [["93.184.216.34"], ["127.0.0.1"]]
        return [*done, await self._trust(urlsplit(webhook["url"]).hostname or "", again)]

    async def _deliver(self, webhook: asyncpg.Record, answers: Answers) -> dict[str, Any]:
        self._begin(answers)
        await self._connection.execute(
            "INSERT INTO webhook_deliveries (id, office_id, webhook_id, key, type, state, attempts,"
            " due_at) VALUES (gen_random_uuid(), $1, $2, gen_random_uuid(), 'webhook.test',"
            " 'waiting', 0, now())",
            webhook["office_id"],
            webhook["id"],
        )
        await delivering.deliver(self._post, webhook["office_id"], webhook["id"], now=utc_now())
        error = await self._connection.fetchval("DELETE FROM webhook_deliveries RETURNING error")
        return self._told(error)

    async def _trust(self, name: str, answers: Answers) -> dict[str, Any]:
        """Check a name and then connect to it by name, as who forgets that it may be bound anew."""
        self._begin(answers)
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(None, socket.gethostbyname, name)
        assert is_public(ipaddress.ip_address(found))
        _, writer = await asyncio.open_connection(name, 443)
        await asyncio.sleep(0.1)
        writer.close()
        return self._told(None)

    def _begin(self, answers: Answers) -> None:
        self._server.answers, self._connected = answers, []
        self._server.asked = dict.fromkeys(_TYPES, 0)

    def _told(self, error: str | None) -> dict[str, Any]:
        return {"asked": self._server.asked[1], "connected": self._connected, "error": error}

    async def _note(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connected.append(writer.get_extra_info("sockname")[0].removeprefix("::ffff:"))
        writer.close()


def lead_everything_here() -> None:
    """Let every address be this machine's, and the C library ask the name server that is on it."""
    for command in ("ip link set lo up", "ip route add local 0.0.0.0/0 dev lo"):
        subprocess.run(command.split(), check=True)
    subprocess.run(["ip", "-6", "route", "add", "local", "::/0", "dev", "lo"], check=False)
    for path, text in (
        ("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"),
        ("/etc/nsswitch.conf", "hosts: files dns\n"),
    ):
        with tempfile.NamedTemporaryFile("w", delete=False) as file:
            file.write(text)
        subprocess.run(["mount", "--bind", file.name, path], check=True)


def main() -> None:
    """Deliver, and print what that led to as JSON."""
    url, keys = sys.argv[1:]
    lead_everything_here()
    print(json.dumps(uvloop.run(Deliveries(url, Path(keys)).make(json.load(sys.stdin)))))


if __name__ == "__main__":
    main()
