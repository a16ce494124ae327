"""Accepting connections beside other processes on one socket, so that each gets alike many.

The kernel lets whoever asks first take a connection, and an event loop takes all that wait at once:
of six connections all went to one of two processes more often than not, and there they stay while
they are kept alive. So each process writes how many it holds where all can read it, takes one at a
time, and lets a process that holds fewer go first.
"""

import asyncio
import socket
from contextlib import suppress
from typing import Final

import structlog
import uvicorn

from app.serving.tally import Tally

_PATIENCE: Final = 10
_LOOK_SECONDS: Final = 0.001
"""How often and when to look whether one that holds fewer went first; it may be stuck, or gone."""

_FULL_SECONDS: Final = 1.0


class Server(uvicorn.Server):
    """Serves what it accepts from a listening socket that it shares with others."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, tally: Tally) -> None:
        super().__init__(config)
        listener.settimeout(0)
        self._listener = listener
        self._tally = tally
        self._taking = asyncio.Lock()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then accept."""
        await super().startup(sockets=sockets or [])  # it listens on none itself
        self._accepting = asyncio.create_task(self._accept())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, and let what was begun end."""
        async with self._taking:  # uvloop never ends a connection that is cancelled meanwhile
            self._accepting.cancel()
        with suppress(asyncio.CancelledError):
            await self._accepting
        self._listener.close()
        await super().shutdown(sockets=sockets)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second, tell of connections that ended; end when nothing is accepted."""
        self._write()
        if self._accepting.done():
            self._accepting.result()  # raises what ended it: the supervisor sees this process end
        return await super().on_tick(counter)

    async def _accept(self) -> None:
        """Take one connection after the other until cancelled."""
        while True:
            await _readable(self._listener)
            await self._let_others_go_first()
            try:
                async with self._taking:
                    connection, _ = self._listener.accept()
                    await self._serve_connection(connection)
            except (BlockingIOError, ConnectionError):
                continue  # another process took it, or its client gave up
            except OSError as error:  # no descriptor is left: one that ends leaves one
                structlog.get_logger().warning("not_accepted", reason=error.strerror)
                await asyncio.sleep(_FULL_SECONDS)

    async def _let_others_go_first(self) -> None:
        self._write()
        for _ in range(_PATIENCE):
            if not self._tally.others_hold_fewer():
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def _serve_connection(self, connection: socket.socket) -> None:
        connection.settimeout(0)
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(self._protocol, connection)
        self._write()

    def _protocol(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # type: ignore[call-arg]  # as uvicorn makes it
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )

    def _write(self) -> None:
        self._tally.write(len(self.server_state.connections))


async def _readable(listener: socket.socket) -> None:
    """Return when a connection waits."""
    loop, waits = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(listener, waits.set)
    try:
        await waits.wait()
    finally:
        loop.remove_reader(listener)
