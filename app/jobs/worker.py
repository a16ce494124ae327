"""What `joinder worker` does all day: finds the offices that wait to be told, and tells them.

Any number of workers may run: rows that one has are skipped by the others. A worker asks a few
times in a minute instead of being notified, because NOTIFY would make posts wait for each other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from app.core.clock import utc_now

PAUSE_SECONDS: Final = 1.0
MOST_OFFICES: Final = 16
"""Of each channel told at the same moment; the others come next."""


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
    await asyncio.gather(*(_work(channel, stop) for channel in channels))


async def _work(channel: Channel, stop: asyncio.Event) -> None:
    """Tell the offices in turn, a batch each: who has more goes back behind those that wait."""
    busy: dict[int, asyncio.Task[int]] = {}
    line: dict[int, None] = {}
    loop = asyncio.get_running_loop()
    look_at = loop.time()
    while not stop.is_set():
        if loop.time() >= look_at:  # not after each batch: one may have nothing that can be told
            line |= dict.fromkeys(await _waiting(channel))
            look_at = loop.time() + PAUSE_SECONDS
        for office_id in [each for each in line if each not in busy][: MOST_OFFICES - len(busy)]:
            del line[office_id]
            busy[office_id] = asyncio.create_task(_tell(channel, office_id))
        await _pause(stop, busy.values())
        done = {office_id for office_id, task in busy.items() if task.done()}
        line |= dict.fromkeys(each for each in done if busy[each].result())
        busy = {key: task for key, task in busy.items() if key not in done}
    await asyncio.gather(*busy.values())


async def _pause(stop: asyncio.Event, tasks: Iterable[asyncio.Task[int]]) -> None:
    """Wait until a batch is done, it is time to look again, or `stop` is set."""
    stopping = asyncio.create_task(stop.wait())
    first = asyncio.FIRST_COMPLETED
    await asyncio.wait({stopping, *tasks}, timeout=PAUSE_SECONDS, return_when=first)
    stopping.cancel()


async def _waiting(channel: Channel) -> list[int]:
    try:
        return await channel.waiting(utc_now())
    except Exception as error:  # noqa: BLE001 -- the edge of a round: the database may be away
        _log(channel, error)
        return []


async def _tell(channel: Channel, office_id: int) -> int:
    """Tell one office a batch; returns how much that was."""
    try:
        return await channel.tell(office_id, utc_now())
    except Exception as error:  # noqa: BLE001 -- the edge of an office: the others are told anyway
        _log(channel, error)
        return 0


def _log(channel: Channel, error: Exception) -> None:
    structlog.get_logger().error("telling_failed", step=channel.name, error=type(error).__name__)
