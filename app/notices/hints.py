"""Hints for pages that are open: that there is something new, and how much; never what.

One task per process asks the database, and only while somebody listens. Nobody who listens holds a
connection of it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from weakref import WeakSet

import structlog

from app.core.db import Sessions, transaction
from app.core.errors import UnavailableError
from app.notices import queries
from app.notices.errors import TooManyStreamsError

LOOK_EVERY: Final = timedelta(seconds=2)
BEAT_EVERY: Final = timedelta(seconds=20)
LIFE: Final = timedelta(minutes=5)
"""A page connects again after it; so nothing outlives a sign-in by more."""
MOST: Final = 500
"""Who comes later is sent away and comes again."""
MOST_EACH: Final = 10
"""Of one sign-in: as many pages have the hint, and others do without."""

Look = Callable[[], Awaitable["Hint | None"]]
"""Ask what one person has to read; None when the sign-in has ended."""


@dataclass(frozen=True)
class Hint:
    """How much one person has to read, and a name for that state."""

    unread: int
    newest: str

    @property
    def text(self) -> str:
        """Return it as an event of a stream (HTML standard, section 9.2)."""
        return f"id: {self.newest}\nevent: notices\ndata: {self.unread}\n\n"


@dataclass(eq=False)
class _Listener:
    office_id: int
    sign_in: bytes
    """Its digest."""
    place: tuple[int, int] | None = None
    """Of the newest event when it was told to look."""
    has_news: asyncio.Event = field(default_factory=asyncio.Event)


class Hub:
    """Those of this process who listen, and the one task that looks for all of them."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        # a stream whose page went away before it began never ends, but is forgotten
        self._listeners: WeakSet[_Listener] = WeakSet()
        self._looking: asyncio.Task[None] | None = None

    def listen(self, office_id: int, sign_in: bytes, last: str, look: Look) -> AsyncIterator[str]:
        """Return the stream of one person, who was told `last`, until its time is over.

        Its place is taken now: once its first line is on the way it can be refused no more.

        Raises:
            UnavailableError, TooManyStreamsError: as many listen as may, of all or by this sign-in.
        """
        if len(self._listeners) >= MOST:
            raise UnavailableError
        if sum(each.sign_in == sign_in for each in self._listeners) >= MOST_EACH:
            raise TooManyStreamsError
        listener = _Listener(office_id, sign_in)
        self._listeners.add(listener)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._watch())
        return self._stream(listener, last, look)

    async def _stream(self, listener: _Listener, last: str, look: Look) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        ends = loop.time() + LIFE.total_seconds()
        try:
            yield "retry: 5000\n\n"
            listener.has_news.set()  # of what came before it listened
            while loop.time() < ends:
                if await self._wait(listener):
                    hint = await look()
                    if hint is None:
                        return
                    if hint.newest != last:
                        last = hint.newest
                        yield hint.text
                else:
                    yield ": still here\n\n"
        finally:
            self._listeners.discard(listener)

    async def _wait(self, listener: _Listener) -> bool:
        try:
            async with asyncio.timeout(BEAT_EVERY.total_seconds()):
                await listener.has_news.wait()
        except TimeoutError:
            return False
        listener.has_news.clear()
        return True

    async def _watch(self) -> None:
        """Look for news of the offices of all listeners as long as there are any."""
        while self._listeners:
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 -- the edge of a task: the database may be away
                structlog.get_logger().error("hints_failed", error=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY.total_seconds())

    async def _look(self) -> None:
        offices = sorted({each.office_id for each in self._listeners})
        sign_ins = [each.sign_in for each in self._listeners]
        async with transaction(self._sessions) as session:
            places = await queries.list_news(session, offices)
            ended = await queries.list_ended(session, sign_ins)
        for listener in tuple(self._listeners):
            place = places.get(listener.office_id)
            # for one that has just come too: it may have looked before; for whom it ends, at once
            if place != listener.place or listener.sign_in in ended:
                listener.place = place
                listener.has_news.set()
