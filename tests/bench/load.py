"""A small HTTP/1.1 client that costs little, run in a process of its own."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, cast

import uvloop

_END_OF_HEAD: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"


@dataclass
class Outcome:
    """What the server answered: seconds of each request and of all, statuses, the last body."""

    seconds: float = 0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    body: bytes = b""

    @property
    def per_second(self) -> float:
        """Requests answered in a second."""
        return len(self.latencies) / self.seconds

    def require(self, *expected: int) -> "Outcome":
        """Return this outcome when every status is expected.

        Raises:
            RuntimeError: something else was answered; the figures would be of refusals.
        """
        if not set(self.statuses) <= set(expected):
            raise RuntimeError(f"statuses {dict(self.statuses)}: {self.body[:500]!r}")
        return self


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """Return a whole request as it goes over the wire."""
    head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def drive(port: int, streams: Sequence[Sequence[bytes]], seconds: float | None = None) -> Outcome:
    """Send each stream of requests over a connection of its own, one request after the other.

    With `seconds` every stream starts again from its beginning until the time is over.
    """
    return uvloop.run(_drive(port, streams, seconds))


async def _drive(port: int, streams: Sequence[Sequence[bytes]], seconds: float | None) -> Outcome:
    loop, outcome = asyncio.get_running_loop(), Outcome()
    started = time.perf_counter()
    until = None if seconds is None else started + seconds
    connections = []
    for stream in streams:
        connection = _Connection(_endless(stream, until) if until else iter(stream), outcome)
        await loop.create_connection(partial(_itself, connection), "127.0.0.1", port)
        connections.append(connection.finished)
    await asyncio.gather(*connections)
    outcome.seconds = time.perf_counter() - started
    return outcome


def _itself(connection: "_Connection") -> "_Connection":
    return connection


def _endless(stream: Sequence[bytes], until: float) -> Iterator[bytes]:
    while True:
        for each in stream:
            if time.perf_counter() >= until:
                return
            yield each


class _Connection(asyncio.Protocol):
    """One keep-alive connection that sends its next request when an answer is complete."""

    def __init__(self, requests: Iterator[bytes], outcome: Outcome) -> None:
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._outcome = outcome
        self._answer = bytearray()
        self._needed = 0
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done():
            self.finished.set_exception(exc or ConnectionResetError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._needed:
            head, end, _ = bytes(self._answer).partition(_END_OF_HEAD)
            if not end:
                return
            _, _, rest = head.lower().partition(_LENGTH)
            self._needed = len(head) + len(end) + int(rest.partition(b"\r\n")[0])
        if len(self._answer) >= self._needed:
            self._take_answer()

    def _take_answer(self) -> None:
        self._outcome.latencies.append(time.perf_counter() - self._sent_at)
        self._outcome.statuses[int(self._answer[9:12])] += 1
        self._outcome.body = bytes(self._answer).partition(_END_OF_HEAD)[2]
        self._answer.clear()
        self._needed = 0
        self._send_next()

    def _send_next(self) -> None:
        following = next(self._requests, None)
        if following is None:
            self.finished.set_result(None)
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(following)
