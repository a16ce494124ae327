"""Asking an identity provider, at an address that somebody else wrote down (core/outbound.py)."""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from app.core.outbound import FetchError, asked, check_url, resolve

TIMEOUT: Final = timedelta(seconds=10)
MAX_BYTES: Final = 64 * 1024


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
    import httpx  # noqa: PLC0415 -- slow to import, and only providers need it

    check_url(url, allow_loopback=allow_loopback)
    try:
        async with asyncio.timeout(within.total_seconds()):
            address = await resolve(url, allow_loopback=allow_loopback)
            body = await _ask(url, address, form, basic)
        value = json.loads(body)
    except (OSError, ValueError, RecursionError, httpx.HTTPError, httpx.InvalidURL):
        raise FetchError from None
    if not isinstance(value, dict):
        raise FetchError
    return value


async def _ask(
    url: str, address: str, form: Mapping[str, str] | None, basic: tuple[str, str] | None
) -> bytes:
    method = "GET" if form is None else "POST"
    headers = {"Accept": "application/json"}
    async with asked(method, url, address, headers=headers, form=form, basic=basic) as answer:
        if answer.status_code != 200:  # noqa: PLR2004 -- OK
            raise FetchError
        body = bytearray()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > MAX_BYTES:
                raise FetchError
    return bytes(body)
