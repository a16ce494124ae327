"""Processes that serve from one socket: each gets alike many connections, none waits for one."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection

import pytest
import uvicorn

from app.serving.accepting import Server
from app.serving.process import listen
from app.serving.tally import Tally, tally_file
from tests.serving.service import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="hands descriptors on")
SERVER = """
import asyncio, os, socket, sys
from app.serving.process import serve
from app.serving.tally import Tally

async def application(scope, receive, send):
    while scope["type"] == "lifespan":
        await send({"type": (await receive())["type"] + ".complete"})
        print(flush=True)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": f"{os.getpid():>9}".encode()})

application.state = None
parent, listener, tally, place = map(int, sys.argv[1:])
asyncio.run(serve(application, socket.socket(fileno=listener), Tally(tally, place), parent=parent))
"""


@contextmanager
def two_processes() -> Iterator[tuple[int, list[int]]]:
    """Yield the port of two processes that tell their number, and these."""
    with ExitStack() as stack:
        listener = stack.enter_context(listen("127.0.0.1", 0))
        tally = stack.enter_context(tally_file(2))
        reading, writing = os.pipe()
        processes = []
        for place in range(2):
            numbers = (reading, listener.fileno(), tally)
            process = subprocess.Popen(
                [sys.executable, "-c", SERVER, *map(str, (*numbers, place))],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                pass_fds=numbers,
                stdout=subprocess.PIPE,
            )
            processes.append(stack.enter_context(process))
        os.close(reading)
        stack.callback(os.close, writing)  # at which they end
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        yield listener.getsockname()[1], [process.pid for process in processes]


def connect(port: int) -> HTTPConnection:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.connect()
    return connection


def ask(connection: HTTPConnection) -> int:
    """Return which process answers."""
    connection.request("GET", "/")
    return int(connection.getresponse().read())


def test_each_gets_alike_many_and_a_stuck_one_holds_up_nobody() -> None:
    with two_processes() as (port, (one, other)), ExitStack() as held:
        for number in (2, 6, 20):
            at_once = [held.enter_context(closing(connect(port))) for _ in range(number)]
            asked = Counter(map(ask, at_once))
            assert set(asked) <= {one, other}
            assert min(asked[one], asked[other]) >= number // 4
        os.kill(other, signal.SIGSTOP)
        try:
            late = [held.enter_context(closing(connect(port))) for _ in range(8)]
            assert set(map(ask, late)) == {one}
        finally:
            os.kill(other, signal.SIGCONT)


def test_leaves_no_connection_when_it_ends_while_it_takes_one() -> None:
    """However far it had come with it: one that is left holds up the end of the process."""
    import uvloop  # noqa: PLC0415 -- not on Windows

    async def left_after(steps: int) -> int:
        config = uvicorn.Config(
            lambda: None, lifespan="off", log_config=None, timeout_graceful_shutdown=1
        )
        config.load()
        listener = listen("127.0.0.1", 0)
        server = Server(config, listener, Tally())
        server.lifespan = config.lifespan_class(config)
        await server.startup()
        with socket.create_connection(listener.getsockname()):
            for _ in range(steps):
                await asyncio.sleep(0)
            await server.shutdown()
        return len(server.server_state.connections)

    async def left() -> list[int]:
        return await asyncio.gather(*map(left_after, range(10)))

    assert uvloop.run(left()) == [0] * 10
