"""One evaluation after the other in each process, so that the event loop stays free to answer."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from app.evaluator.errors import EvaluatorBusyError

LONGEST: Final = 8
"""Requests that may wait or be worked on in one process: about two seconds of work when full."""

T = TypeVar("T")


class Turns:
    """A bounded queue before one thread. More threads gain nothing; more processes do.

    libsodium gives up the interpreter's lock in each call, so the loop waits for a fraction of a
    millisecond at most.
    """

    def __init__(self, longest: int = LONGEST) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="evaluation")
        self._longest = longest
        self._taken = 0

    async def run(self, act: Callable[[], T]) -> T:
        """Return what `act` returns when its turn has come.

        Raises:
            EvaluatorBusyError: the queue is full; nothing was done.
        """
        if self._taken >= self._longest:
            raise EvaluatorBusyError
        self._taken += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, act)
        finally:
            self._taken -= 1
