"""The nightly run beside a running service: a process of its own, when the schedule says so.

It acts with the owner's login, which the registry's processes are never given.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import time, timedelta
from time import monotonic
from types import MappingProxyType
from typing import Final

import structlog

from app.core import logging
from app.core.clock import utc_now
from app.core.settings import RegistrySettings
from app.serving.installation import Installation, as_nightly

LOOK_SECONDS: Final = 0.2
LONGEST: Final = timedelta(hours=20)
"""A run that takes longer hangs: it is killed, so that another one begins before the next night."""
_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 60.0


class Nights:
    """Runs beside a running service, one at a time, until `stop` is set."""

    def __init__(self, here: Installation, stop: asyncio.Event) -> None:
        self._here = here
        self._stop = stop
        self._process: subprocess.Popen[bytes] | None = None

    async def keep(self, at: time, shortest: float = _PAUSE_SECONDS) -> None:
        """Start the nightly run whenever the schedule of the database says that it is due.

        After a failure it pauses, each time twice as long up to a minute; at first `shortest`.
        """
        from app.jobs import schedule  # noqa: PLC0415 -- slow to import

        pause = shortest
        while not self._stop.is_set():
            began = monotonic()
            try:
                await schedule.keep(self._here.owner_url, at, self._night, self._stop)
            except Exception as error:  # noqa: BLE001 -- the edge of a task: the database may be away
                if monotonic() - began > _LONGEST_PAUSE_SECONDS:
                    pause = shortest  # it was well for so long
                name = type(error).__name__
                structlog.get_logger().error("schedule_failed", error=name, again_in=pause)
                await self._stops_within(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def end(self) -> None:
        """Have no nightly run due any more, unless another service keeps the schedule."""
        import asyncpg  # noqa: PLC0415 -- slow to import

        from app.jobs import schedule  # noqa: PLC0415 -- as above

        try:
            await schedule.end(self._here.owner_url)
        except asyncpg.InsufficientPrivilegeError:  # the service's login, which keeps none either
            structlog.get_logger().info("schedule_left")
        except Exception as error:  # noqa: BLE001 -- as above; it is forgotten in 30 days anyway
            structlog.get_logger().error("schedule_failed", error=type(error).__name__)

    async def _night(self) -> None:
        await self.take(lambda: start(self._here))

    async def take(
        self, act: "Callable[[], subprocess.Popen[bytes]]", longest: timedelta = LONGEST
    ) -> None:
        """Do the run that `act` begins, unless one is under way.

        Once `stop` is set, or when it took too long, it is killed: the next one does the rest.
        """
        if self._process is not None:
            return
        self._process = act()
        until = monotonic() + longest.total_seconds()
        try:
            while self._process.poll() is None and not await self._stops_within(LOOK_SECONDS):
                if monotonic() > until:
                    structlog.get_logger().error("night_hung")
                    break
        finally:
            self._process.kill()
            structlog.get_logger().info("night_ended", status=self._process.wait())
            self._process = None

    async def _stops_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
        return self._stop.is_set()


def start(
    here: Installation,
    output: int | None = None,
    settings: Mapping[str, str] = MappingProxyType({}),
    command: Sequence[str] = ("app.serving.night",),
) -> "subprocess.Popen[bytes]":
    """Start one run on an installation whose database runs, with `settings` besides its own.

    It logs to our output by default. `command` is the module that runs, and its arguments.
    """
    ours = {f"JOINDER_{name.upper()}" for name in RegistrySettings.model_fields}
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("JOINDER_") or key in ours
    }
    urls = {
        "JOINDER_DATABASE_URL": here.database_url,
        "JOINDER_OWNER_URL": here.owner_url,
        "JOINDER_KEYS": str(here.keys),
    }
    return subprocess.Popen(  # noqa: S603 -- our own modules with our own arguments
        [sys.executable, "-m", *command],
        env={**kept, **settings, **urls},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,  # Ctrl-C goes to the parent, which stops it
    )


def main() -> int:
    """Do one whole run; its steps that fail are log lines."""
    from app.jobs.errors import RunUnderWayError  # noqa: PLC0415 -- slow to import
    from app.jobs.nightly import run  # noqa: PLC0415 -- as above
    from app.jobs.steps import steps  # noqa: PLC0415 -- as above

    logging.configure("nightly")
    try:
        done = as_nightly(lambda sessions, intake: run(sessions, steps(intake), as_of=utc_now()))
    except RunUnderWayError:
        return 0  # another process of this installation does it
    return int(any(each.error for each in done))


if __name__ == "__main__":
    sys.exit(main())
