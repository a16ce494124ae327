"""Asking addresses that somebody else wrote down, without being led into our own network.

Standard checks (`is_private`, `is_global`) let translated and special addresses through, so only
what is surely public is allowed. The name is resolved once, every address is checked, and the
connection goes to the checked address: a second answer of the name server changes nothing.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from functools import cache
from threading import Thread
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx

SECONDS: Final = 5.0
"""How long a connection, or one piece of an answer, may take."""
_V6: Final = ipaddress.ip_network("2000::/3")
_NEVER: Final = tuple(
    ipaddress.ip_network(each)
    for each in (
        *("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32"),  # 168.63.129.16: a cloud's own
        *("2001::/23", "2002::/16", "3fff::/20"),  # Teredo and other special ones, 6to4, examples
    )
)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Answer = list[tuple[Any, ...]]
_ASKED: Final[dict[tuple[str, int], "Future[_Answer]"]] = {}
"""What name servers are asked right now, by host and port."""
_MOST_ASKED: Final = 64


class FetchError(Exception):
    """The address may not be asked, or gave no answer that can be used. Holds no part of it."""


def is_public(address: Address) -> bool:
    """Return whether `address` is surely one of the public Internet."""
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in _V6:
        return False
    return address.is_global and not address.is_multicast


def check_url(url: str, *, allow_loopback: bool) -> None:
    """Refuse an address that is not `https`, or that names a user, a fragment or no host.

    Raises:
        FetchError: it is refused.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise FetchError from None
    is_sandbox = allow_loopback and is_loopback(url)
    if not host or "@" in parts.netloc or parts.fragment or not url.isascii():
        raise FetchError
    if parts.scheme != "https" and not is_sandbox:
        raise FetchError


def is_loopback(url: str) -> bool:
    """Return whether a well-formed address is one of a sandbox: http, this machine by number."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1"}


async def resolve(url: str, *, allow_loopback: bool) -> str:
    """Return the one address to connect to; all that the name has must be public.

    A name is asked for in a thread of its own, which a name server that is silent may hold as long
    as it likes: nobody waits for it longer than `SECONDS`, and nobody else at all.

    Raises:
        FetchError: one is not, or there is none.
        OSError: the name is not known, or nobody answers for it in time.
    """
    parts = urlsplit(url)
    name = parts.hostname or "", parts.port or 443
    async with asyncio.timeout(SECONDS):
        found = await asyncio.shield(asyncio.wrap_future(_asked_for(*name)))
    addresses = [ipaddress.ip_address(each[4][0]) for each in found]
    is_sandbox = allow_loopback and all(each.is_loopback for each in addresses)
    if not addresses or not (is_sandbox or all(map(is_public, addresses))):
        raise FetchError
    return str(addresses[0])


def _asked_for(host: str, port: int) -> "Future[_Answer]":
    """Return the answer for a name; who asks while it is under way gets the same."""
    name = host, port
    if answer := _ASKED.get(name):
        return answer
    if len(_ASKED) >= _MOST_ASKED:
        raise OSError("too many name servers are silent")
    answer = _ASKED[name] = Future()

    def ask() -> None:
        try:
            answer.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001 -- raised where it is waited for
            answer.set_exception(error)

    answer.add_done_callback(lambda _: _ASKED.pop(name))
    try:
        Thread(target=ask, daemon=True).start()
    except RuntimeError:  # else the name would be under way for ever
        answer.set_exception(OSError("no thread to ask a name server in"))
    return answer


@cache
def _trust() -> ssl.SSLContext:
    """Return whom to trust, read once: reading takes tens of milliseconds of the event loop."""
    import httpx  # noqa: PLC0415 -- 7 MB, its command line included, that few processes need

    return httpx.create_ssl_context(trust_env=False)


@asynccontextmanager
async def asked(
    method: str,
    url: str,
    address: str,
    *,
    headers: Mapping[str, str],
    content: bytes | None = None,
    form: Mapping[str, str] | None = None,
    basic: tuple[str, str] | None = None,
) -> AsyncIterator["httpx.Response"]:
    """Yield the answer of `url` at a checked address, its body unread; no redirects, no proxies.

    Raises:
        httpx.HTTPError: there is none.
    """
    import httpx  # noqa: PLC0415 -- as above

    wanted = httpx.URL(url)
    async with (
        httpx.AsyncClient(
            verify=_trust(), trust_env=False, follow_redirects=False, timeout=SECONDS
        ) as http,
        http.stream(
            method,
            wanted.copy_with(host=address),
            headers={"Host": wanted.netloc.decode("ascii"), **headers},
            content=content,
            data=None if form is None else dict(form),
            auth=basic,
            extensions={"sni_hostname": wanted.host},  # the certificate is checked against it too
        ) as answer,
    ):
        yield answer
