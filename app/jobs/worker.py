"""What `joinder worker` does all day: finds who waits to be told, and tells them in turn.

Any number of workers may run: rows that one has are skipped by the others. A worker asks a few
times in a minute instead of being notified, because NOTIFY would make posts wait for each other.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

import structlog

from app.core.clock import utc_now

PAUSE_SECONDS: Final = 1.0
MOST: Final = 32
"""Of each channel told at the same moment; the others come next."""
EACH: Final = 4
"""Of them of one office: if all that it has are silent, the places of the others are free."""
Key = TypeVar("Key")


@dataclass(frozen=True)
class Channel(Generic[Key]):
    """One way of telling: who waits, by key, and telling one of them a batch."""

    name: str
    office: Callable[[Key], int]
    """Whose a key is."""
    waiting: Callable[[datetime], Awaitable[list[Key]]]
    tell: Callable[[Key, datetime], Awaitable[int]]


async def work(channels: Sequence[Channel[Any]], stop: asyncio.Event) -> None:
    """Tell until `stop` is set; what is under way then is finished first.

    Who is slow has one place of many and holds up no other one; a failure is its own alone.
    """
    await asyncio.gather(*(_work(channel, stop) for channel in channels))


async def _work(channel: Channel[Key], stop: asyncio.Event) -> None:
    """Tell one after the other, a batch each: who has more goes back behind those that wait."""
    busy: dict[Key, asyncio.Task[int]] = {}
    line: dict[Key, None] = {}
    loop = asyncio.get_running_loop()
    look_at = loop.time()
    while not stop.is_set():
        if loop.time() >= look_at:  # not after each batch: one may have nothing that can be told
            line |= dict.fromkeys(await _waiting(channel))
            look_at = loop.time() + PAUSE_SECONDS
        for key in _next(channel, line, busy):
            del line[key]
            busy[key] = asyncio.create_task(_tell(channel, key))
        await _pause(stop, busy.values())
        done = {key for key, task in busy.items() if task.done()}
        line |= dict.fromkeys(each for each in done if busy[each].result())
        busy = {key: task for key, task in busy.items() if key not in done}
    await asyncio.gather(*busy.values())


def _next(channel: Channel[Key], line: Iterable[Key], busy: Collection[Key]) -> list[Key]:
    """Return who is told now: who waits longest, as far as there are places, and of its office."""
    taken = Counter(map(channel.office, busy))
    chosen: list[Key] = []
    for key in line:
        office = channel.office(key)
        if key not in busy and taken[office] < EACH and taken.total() < MOST:
            taken[office] += 1
            chosen.append(key)
    return chosen


async def _pause(stop: asyncio.Event, tasks: Iterable[asyncio.Task[int]]) -> None:
    """Wait until a batch is done, it is time to look again, or `stop` is set."""
    stopping = asyncio.create_task(stop.wait())
    first = asyncio.FIRST_COMPLETED
    await asyncio.wait({stopping, *tasks}, timeout=PAUSE_SECONDS, return_when=first)
    stopping.cancel()


async def _waiting(channel: Channel[Key]) -> list[Key]:
    try:
        return await channel.waiting(utc_now())
    except Exception as error:  # noqa: BLE001 -- the edge of a round: the database may be away
        _log(channel, error)
        return []


async def _tell(channel: Channel[Key], key: Key) -> int:
    """Tell one a batch; returns how much that was."""
    try:
        return await channel.tell(key, utc_now())
    except Exception as error:  # noqa: BLE001 -- the edge of a batch: the others are told anyway
        _log(channel, error)
        return 0


def _log(channel: Channel[Any], error: Exception) -> None:
    structlog.get_logger().error("telling_failed", step=channel.name, error=type(error).__name__)
