"""Work of a processor beside the event loop: few at once, and no more wait than is bounded."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore
from typing import TypeVar

from app.core.errors import UnavailableError

T = TypeVar("T")


class Turns:
    """A bounded queue before a few threads.

    A place is free again when its work is done, even if who asked for it has left: the thread goes
    on, and places given back early would let more wait than is meant.

    Args:
        threads: How many work at once.
        most: How many may wait or be worked on.
        name: Of the threads.
        busy: What is raised when all places are taken.
    """

    def __init__(
        self, threads: int, most: int, name: str, busy: type[UnavailableError] = UnavailableError
    ) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._places = Semaphore(most)
        self._busy = busy

    async def run(self, act: Callable[[], T]) -> T:
        """Return what `act` returns when its turn has come.

        Raises:
            UnavailableError: all places are taken; nothing was done.
        """
        if not self._places.acquire(blocking=False):
            raise self._busy
        work = self._threads.submit(act)
        work.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(work)
