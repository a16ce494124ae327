"""A receiver as an integrator would write it: it verifies with a library that is not ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")


@dataclass
class Receiver:
    """What came, and what is answered to it."""

    url: str
    status: int = 204
    got: list[tuple[dict[str, str], str]] = field(default_factory=list)
    """Headers, by small names, and body of each message."""
    connections: int = 0
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    """Not set: what comes waits for its answer."""
    came: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    """What the messages are called, for who waits for them."""

    @property
    def ids(self) -> list[str]:
        """What the messages are called, in the order in which they came."""
        return [headers["webhook-id"] for headers, _ in self.got]


@asynccontextmanager
async def receiving(more: str = "") -> AsyncIterator[Receiver]:
    """Yield a receiver at a loopback address; `more` are headers of its answers."""
    receiver = Receiver("")
    receiver.may_answer.set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        receiver.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = [line.partition(": ") for line in head.split("\r\n")[1:] if line]
            headers = {name.lower(): value for name, _, value in lines}
            body = await reader.readexactly(int(headers["content-length"]))
            receiver.got.append((headers, body.decode()))
            receiver.came.put_nowait(headers["webhook-id"])
            await receiver.may_answer.wait()
            answer = f"HTTP/1.1 {receiver.status} Answer\r\nContent-Length: 0\r\n{more}\r\n"
            writer.write(answer.encode())
            await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        receiver.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/hook"
        yield receiver
