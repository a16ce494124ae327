"""Asking addresses that somebody else wrote down, without being led into our own network.

Standard checks (`is_private`, `is_global`) let translated and special addresses through, so only
what is surely public is allowed. The name is resolved once, every address is checked, and the
connection goes to the checked address: a second answer of the name server changes nothing.
"""

import asyncio
import ipaddress
import json
import socket
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

TIMEOUT: Final = timedelta(seconds=10)
MAX_BYTES: Final = 64 * 1024
_V6: Final = ipaddress.ip_network("2000::/3")
_NEVER: Final = tuple(
    ipaddress.ip_network(each)
    for each in (
        *("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32"),  # 168.63.129.16: a cloud's own
        *("2001::/23", "2002::/16", "3fff::/20"),  # Teredo and other special ones, 6to4, examples
    )
)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


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
    is_sandbox = allow_loopback and parts.scheme == "http" and host in {"127.0.0.1", "::1"}
    if not host or "@" in parts.netloc or parts.fragment or not url.isascii():
        raise FetchError
    if parts.scheme != "https" and not is_sandbox:
        raise FetchError


async def fetch_json(
    url: str,
    *,
    allow_loopback: bool,
    form: Mapping[str, str] | None = None,
    basic: tuple[str, str] | None = None,
    within: timedelta = TIMEOUT,
) -> dict[str, Any]:
    """Return the JSON object at `url`, or what posting `form` there gives.

    No redirects, no proxies of the environment, 64 KiB at most, and all of it `within` a time.

    Raises:
        FetchError: for whatever reason.
    """
    import httpx  # noqa: PLC0415 -- 7 MB, its command line included, that only providers need

    check_url(url, allow_loopback=allow_loopback)
    try:
        async with asyncio.timeout(within.total_seconds()):
            address = await _resolve(url, allow_loopback=allow_loopback)
            body = await _ask(url, address, form, basic)
        value = json.loads(body)
    except (OSError, ValueError, RecursionError, httpx.HTTPError, httpx.InvalidURL):
        raise FetchError from None
    if not isinstance(value, dict):
        raise FetchError
    return value


async def _resolve(url: str, *, allow_loopback: bool) -> str:
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(each[4][0]) for each in found]
    is_sandbox = allow_loopback and all(each.is_loopback for each in addresses)
    if not addresses or not (is_sandbox or all(map(is_public, addresses))):
        raise FetchError
    return str(addresses[0])


async def _ask(
    url: str, address: str, form: Mapping[str, str] | None, basic: tuple[str, str] | None
) -> bytes:
    import httpx  # noqa: PLC0415 -- as above

    asked = httpx.URL(url)
    async with (
        httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=5) as http,
        http.stream(
            "GET" if form is None else "POST",
            asked.copy_with(host=address),
            headers={"Host": asked.netloc.decode("ascii"), "Accept": "application/json"},
            data=None if form is None else dict(form),
            auth=basic,
            extensions={"sni_hostname": asked.host},  # the certificate is checked against it too
        ) as answer,
    ):
        if answer.status_code != httpx.codes.OK:
            raise FetchError
        body = bytearray()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > MAX_BYTES:
                raise FetchError
    return bytes(body)
