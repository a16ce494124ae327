"""Where a delivery may go: to surely public addresses, looked up once, and nowhere else."""

import asyncio
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from app.core.clock import utc_now
from app.webhooks import delivering
from tests.database import ROOT
from tests.factories import Registry
from tests.network import NetworkClosedError
from tests.scenes import make_offices
from tests.webhooks.office import Hooked, hook, post

PUBLIC = "93.184.216.34"
NAMES = (f"https://hook{number}.example.com/x" for number in count())
CORPUS = [
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.0.1"),  # noqa: S104 -- not bound to
    *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.0.192"),
    *("192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1"),
    *("203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("168.63.129.16", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8"),
    *("64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1"),
    *("2002:a9fe:a9fe::", "2002:7f00:1::", "3fff::1", "fc00::1", "fd00:ec2::254"),
    *("fe80::1", "fec0::1", "ff02::1", "5f00::1", "2001:10::1", "2001:20::1"),
]
ANSWERS = [[each] for each in CORPUS] + [
    *([PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC], ["2606:4700::1111", "fd00::1"], []),
]

CAP_SYS_ADMIN = 21
OWN_NETWORK = ["unshare", "--mount", "--net"]
if os.geteuid() != 0:
    OWN_NETWORK += ["--user", "--map-root-user"]


def may_have_network() -> bool:
    """Return whether a process may have a network of its own here.

    Where the kernel lets this one, as root in the container of CI, it is never a reason to skip
    that a program is missing or that its own commands fail.
    """
    process = Path("/proc/self/status")
    status = process.read_text() if process.exists() else ""
    effective = re.search(r"^CapEff:\s*(\w+)", status, re.MULTILINE)
    if effective and int(effective[1], 16) >> CAP_SYS_ADMIN & 1:
        return True
    if not all(map(shutil.which, ("unshare", "ip", "mount"))):
        return False
    return subprocess.run([*OWN_NETWORK, "true"], capture_output=True, check=False).returncode == 0


class Resolver:
    """A name server that somebody else runs, and a record of what was connected to."""

    def __init__(self, patch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), 0
        self.connected: list[str] = []
        patch.setattr(socket, "getaddrinfo", self.resolve)
        connect = socket.socket.connect

        def noted(this: socket.socket, address: Any) -> None:
            if this.family in {socket.AF_INET, socket.AF_INET6}:
                self.connected.append(address[0])
            connect(this, address)

        patch.setattr(socket.socket, "connect", noted)

    def resolve(self, host: Any, port: Any, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        name = host.decode() if isinstance(host, bytes) else host
        if not name.endswith("example.com"):  # by number: nobody is asked
            family = socket.AF_INET6 if ":" in name else socket.AF_INET
            return [(family, socket.SOCK_STREAM, 6, "", (name, port))]
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [
            (
                socket.AF_INET6 if ":" in each else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (each, port),
            )
            for each in answer
        ]


@pytest.fixture(scope="module")
async def hooked(sandbox: Registry) -> Hooked:
    (office,) = await make_offices(sandbox, 1)
    return await hook(sandbox, office, next(NAMES))


@pytest.fixture
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as made:
        yield made


async def deliver(hooked: Hooked) -> str | None:
    """Send a message as a worker of production does; return what went wrong."""
    registry = hooked.registry
    (keys,) = await registry.rows(
        "INSERT INTO webhook_deliveries"
        " (id, office_id, webhook_id, key, type, state, attempts, due_at)"
        " SELECT gen_random_uuid(), w.office_id, w.id, gen_random_uuid(), 'webhook.test',"
        " 'waiting', 0, :now FROM webhooks w JOIN offices f ON f.id = w.office_id"
        " WHERE f.code = :code RETURNING office_id, webhook_id",
        code=hooked.office.code,
        now=utc_now(),
    )
    await delivering.deliver(post(registry, allow_loopback=False), *keys, now=utc_now())
    ((error,),) = await registry.rows(
        "DELETE FROM webhook_deliveries WHERE office_id = :office RETURNING error",
        office=keys[0],
    )
    return None if error is None else str(error)


class TestDeliver:
    async def test_connects_to_no_address_that_is_not_public(
        self, hooked: Hooked, patch: pytest.MonkeyPatch
    ) -> None:
        names = Resolver(patch, *ANSWERS)
        ended = [await deliver(hooked) for _ in ANSWERS]
        assert names.asked == len(ANSWERS)
        assert names.connected == []
        assert set(ended) == {"address-refused"}

    async def test_follows_no_name_that_is_bound_again(
        self, hooked: Hooked, patch: pytest.MonkeyPatch
    ) -> None:
        """Public when it is checked, and this machine when it is connected to."""
        names = Resolver(patch, [PUBLIC], ["127.0.0.1"])
        error = await deliver(hooked)
        assert names.asked == 1, "what is checked is what is used"
        assert names.connected == [PUBLIC]
        assert error == "unexpected", "the network of the tests is closed"

    async def test_asks_the_checked_address_by_the_name_and_believes_no_other_certificate(
        self, hooked: Hooked, patch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str | None] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = lambda _socket, name, _context: asked.append(name)

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        names = Resolver(patch, [PUBLIC])
        there = server.sockets[0].getsockname()
        connect = socket.socket.connect

        def reroute(this: socket.socket, address: Any) -> None:
            connect(this, there if address[0] == PUBLIC else address)

        patch.setattr(socket.socket, "connect", reroute)
        async with server:
            error = await deliver(hooked)
        assert error == "no-answer"
        assert asked == [(await hooked.read())["url"].split("/")[2]]
        assert names.asked == 1

    @pytest.mark.skipif(not may_have_network(), reason="no namespaces of Linux for this process")
    @pytest.mark.skipif(
        "JOINDER_DATABASE_URL" in os.environ, reason="another network has no server named by URL"
    )
    async def test_is_led_nowhere_else_by_a_name_server_that_binds_its_name_anew(
        self, hooked: Hooked, keys_directory: Path
    ) -> None:
        """A real one, asked by the C library, in a network whose every address is reached."""
        url = hooked.registry.app.state.settings.database_url.get_secret_value()
        refused = [[each] for each in ANSWERS if each]
        rebound = [[[PUBLIC], [each]] for each in ("127.0.0.1", "10.1.2.3", "169.254.169.254")]
        command = (sys.executable, "-m", "tests.webhooks.rebinding", url, str(keys_directory))
        process = await asyncio.create_subprocess_exec(
            *OWN_NETWORK, *command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        told, _ = await process.communicate(json.dumps([*refused, *rebound]).encode())
        *done, naive = json.loads(told)
        assert naive["connected"] == ["127.0.0.1"], "who connects by name is led there"
        for answers, each in zip([*refused, *rebound], done, strict=True):
            leads = [PUBLIC] if answers[0] == [PUBLIC] else []
            assert each["asked"] == 1, answers
            assert each["connected"] == leads, answers
            assert each["error"] == ("no-answer" if leads else "address-refused"), answers

    def test_is_closed_to_the_outside_here(self) -> None:
        with pytest.raises(NetworkClosedError):
            socket.create_connection((PUBLIC, 443), 1)
