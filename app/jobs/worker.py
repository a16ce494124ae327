"""What `joinder worker` does all day: finds the offices that wait to be told, and tells them.

Any number of workers may run: rows that one has are skipped by the others. A worker asks a few
times in a minute instead of being notified, because NOTIFY would make posts wait for each other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from app.core.clock import utc_now

PAUSE_SECONDS: Final = 1.0
MOST_OFFICES: Final = 16
"""Told at the same moment; the others come next."""


@dataclass(frozen=True)
class Channel:
    """One way of telling: which offices wait, and telling one of them."""

    name: str
    waiting: Callable[[datetime], Awaitable[list[int]]]
    tell: Callable[[int, datetime], Awaitable[int]]


async def work(channels: Sequence[Channel], stop: asyncio.Event) -> None:
    """Tell until `stop` is set; what is under way then is finished first.

    An office whose receivers are slow holds up no other one, and a failure is one office's alone.
    """
    busy: dict[tuple[str, int], asyncio.Task[None]] = {}
    while not stop.is_set():
        for channel in channels:
            for office_id in await _waiting(channel):
                if len(busy) < MOST_OFFICES and (channel.name, office_id) not in busy:
                    task = asyncio.create_task(_tell(channel, office_id))
                    busy[channel.name, office_id] = task
        with suppress(TimeoutError):
            async with asyncio.timeout(PAUSE_SECONDS):
                await stop.wait()
        busy = {key: task for key, task in busy.items() if not task.done()}
    await asyncio.gather(*busy.values())


async def _waiting(channel: Channel) -> list[int]:
    try:
        return await channel.waiting(utc_now())
    except Exception as error:  # noqa: BLE001 -- the edge of a round: the database may be away
        _log(channel, error)
        return []


async def _tell(channel: Channel, office_id: int) -> None:
    """Tell one office as long as there is something."""
    try:
        while await channel.tell(office_id, utc_now()):
            pass
    except Exception as error:  # noqa: BLE001 -- the edge of an office: the others are told anyway
        _log(channel, error)


def _log(channel: Channel, error: Exception) -> None:
    structlog.get_logger().error("telling_failed", step=channel.name, error=type(error).__name__)
