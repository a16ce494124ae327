import threading
import time
from datetime import UTC, date, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the client learns the time and how it waits."""

    def unix(self) -> float:
        """Return seconds since 1970, UTC."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""

    def sleep(self, seconds: float) -> bool:
        """Wait; return False when `stop` ended the wait."""

    def stop(self) -> None:
        """End every wait, now and later."""


class SystemClock:
    """The computer's clock; the only place on the office's side that reads it."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def unix(self) -> float:
        """Return seconds since 1970, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> bool:
        """Wait; return False when `stop` ended the wait."""
        return not self._stopped.wait(seconds)

    def stop(self) -> None:
        """End every wait, now and later."""
        self._stopped.set()


def clock_day(clock: Clock) -> date:
    """Return today, UTC."""
    return datetime.fromtimestamp(clock.unix(), UTC).date()
