import asyncio
import ipaddress
import json
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest

from app.core.outbound import FetchError, check_url, is_public, resolve
from app.people import fetch
from app.people.fetch import fetch_json

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[str]:
    """Yield the address of a server that reads a request and then does what `answer` does."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):  # a client that has seen enough hangs up first
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"


def answering(body: bytes, status: str = "200 OK", more: str = "") -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return answer


class TestIsPublic:
    @pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "2a00::1"])
    def test_public_ones_are(self, address: str) -> None:
        assert is_public(ipaddress.ip_address(address))

    @pytest.mark.parametrize(
        "address",
        [
            *("0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.0.1"),  # noqa: S104 -- not bound to
            *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.0.192"),
            *("192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1"),
            *("203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
            *("168.63.129.16", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8"),
            *("64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1"),
            *("2002:a9fe:a9fe::", "2002:7f00:1::", "3fff::1", "fc00::1", "fd00:ec2::254"),
            *("fe80::1", "fec0::1", "ff02::1", "5f00::1", "2001:10::1", "2001:20::1"),
        ],
    )
    def test_special_ones_are_not(self, address: str) -> None:
        assert not is_public(ipaddress.ip_address(address))


class TestAddress:
    @pytest.mark.parametrize(
        "url",
        [
            *("http://login.example.com/", "ftp://login.example.com", "https://", "file:///etc"),
            *("https://user@login.example.com/", "https://login.example.com/#x", "https://x:y"),
            *("https://①②⑦.0.0.1/", "http://127.0.0.1/", "http://localhost/", "//login", ""),
        ],
    )
    def test_is_https_and_plain(self, url: str) -> None:
        with pytest.raises(FetchError):
            check_url(url, allow_loopback=False)

    def test_loopback_is_for_a_sandbox_and_without_names(self) -> None:
        check_url("http://127.0.0.1:9000/", allow_loopback=True)
        for url in ("http://localhost/", "http://127.1/", "http://10.0.0.1/", "http://2130706433/"):
            with pytest.raises(FetchError):
                check_url(url, allow_loopback=True)

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
    async def test_https_leads_to_no_inner_address(self, host: str) -> None:
        with pytest.raises(FetchError):
            await fetch_json(f"https://{host}/", allow_loopback=False)

    @pytest.mark.parametrize(
        "answers",
        [["93.184.216.34", "10.0.0.1"], ["127.0.0.1"], ["fd00::1", "2606:4700::1111"], []],
        ids=str,
    )
    async def test_every_address_of_a_name_must_be_public(
        self, monkeypatch: pytest.MonkeyPatch, answers: list[str]
    ) -> None:
        """The names and numbers that mean 127.0.0.1 (`127.1`, `0x7f.1`) are resolved like this."""
        asked: list[str] = []

        def resolve(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
            asked.append(host)
            kind = socket.SOCK_STREAM
            return [(socket.AF_INET, kind, 6, "", (address, port)) for address in answers]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        with pytest.raises(FetchError):
            await fetch_json("https://login.example.com/", allow_loopback=False)
        assert asked == ["login.example.com"], "asked once, and nothing was connected to"

    async def test_a_name_server_that_is_silent_holds_up_no_other_name(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """More silent ones than the loop has threads; and no more than a process can bear."""
        speaks, asked = threading.Event(), Counter[str]()

        def ask(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
            asked[host] += 1
            if host != "well.example.com":
                speaks.wait(60)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))]

        monkeypatch.setattr(socket, "getaddrinfo", ask)
        names = [f"silent{number}.example.com" for number in range(63)]
        waiting = [
            asyncio.create_task(resolve(f"https://{name}/", allow_loopback=False))
            for name in (*names, *names)
        ]
        await asyncio.sleep(0)
        well = await resolve("https://well.example.com/", allow_loopback=False)
        assert well == "93.184.216.34"
        assert not any(task.done() for task in waiting)
        more = asyncio.create_task(resolve("https://more.example.com/", allow_loopback=False))
        await asyncio.sleep(0)
        with pytest.raises(OSError, match="name servers"):
            await resolve("https://most.example.com/", allow_loopback=False)
        speaks.set()
        assert set(await asyncio.gather(*waiting, more)) == {"93.184.216.34"}
        assert max(asked.values()) == 1, "who asks for the same name waits for the same answer"

    async def test_a_name_that_could_not_be_asked_for_is_asked_for_again(self) -> None:
        before = threading.stack_size(2**46)  # more than any machine gives a thread
        try:
            with pytest.raises(OSError, match="no thread"):
                await resolve("http://127.0.0.1:9/", allow_loopback=True)
        finally:
            threading.stack_size(before)
        assert await resolve("http://127.0.0.1:9/", allow_loopback=True) == "127.0.0.1"


class TestFetch:
    async def test_object_is_returned(self) -> None:
        async with server(answering(b'{"a": 1}')) as url:
            assert await fetch_json(url, allow_loopback=True) == {"a": 1}

    @pytest.mark.parametrize(
        ("body", "status", "more"),
        [
            (b"[]", "200 OK", ""),
            (b"<html>", "200 OK", ""),
            (b"\xff", "200 OK", ""),
            (b"[" * 60_000, "200 OK", ""),
            (b"{}", "404 Not Found", ""),
            (b"{}", "302 Found", "Location: http://127.0.0.1:9/\r\n"),
            (json.dumps({"a": "x" * fetch.MAX_BYTES}).encode(), "200 OK", ""),
        ],
        ids=["array", "page", "bytes", "deep", "missing", "redirect", "large"],
    )
    async def test_anything_else_is_not(self, body: bytes, status: str, more: str) -> None:
        async with server(answering(body, status, more)) as url:
            with pytest.raises(FetchError):
                await fetch_json(url, allow_loopback=True)

    async def test_slow_one_is_left(self) -> None:
        async def drip(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
            for _ in range(100):
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)

        async with server(drip) as url:
            with pytest.raises(FetchError):
                await fetch_json(url, allow_loopback=True, within=timedelta(seconds=0.2))
