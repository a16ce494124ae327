"""The nightly run beside a running service: a process of its own, once a day.

It acts with the owner's login, which the registry's processes are never given.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import structlog

from app.core import logging
from app.core.clock import utc_now
from app.core.settings import RegistrySettings
from app.serving.installation import Installation, as_nightly, on_database

if TYPE_CHECKING:
    from app.core.db import Sessions


def next_after(now: datetime, at: time) -> datetime:
    """Return the next moment after `now` at which it is `at` o'clock UTC."""
    today = datetime.combine(now.date(), at, UTC)
    return today if today > now else today + timedelta(days=1)


def first_due(here: Installation, at: time, now: datetime) -> datetime:
    """Return when the first run is due: now, when the last night was missed or its run stopped.

    An installation without any run, which is new, has missed none.
    """
    from app.core.db import DATABASE_ERRORS, transaction  # noqa: PLC0415 -- slow to import
    from app.jobs.queries import is_left  # noqa: PLC0415 -- as above

    following = next_after(now, at)

    async def ask(sessions: "Sessions") -> bool:
        async with transaction(sessions) as session:
            return await is_left(session, since=following - timedelta(days=1))

    try:
        return now if on_database(here, ask) else following
    except DATABASE_ERRORS as error:  # an older schema, or a database that is away for a moment
        structlog.get_logger().warning("night_unknown", error=type(error).__name__)
        return following


class Nights:
    """Starts the nightly run at its time and notices how it ended."""

    def __init__(self, here: Installation, at: time | None) -> None:
        """Begin with the next night, or at once when the last was missed; without `at`, never."""
        self._here = here
        self._at = at
        self._due = first_due(here, at, utc_now()) if at else None
        self._process: subprocess.Popen[bytes] | None = None

    def keep(self) -> None:
        """Start a run that is due, and log how one ended."""
        if self._process is not None and self._process.poll() is not None:
            status = self._process.returncode
            structlog.get_logger().info("night_ended", status=status)
            self._process = None
        if self._due is not None and self._at is not None and utc_now() >= self._due:
            self._due = next_after(utc_now(), self._at)
            self.take(lambda: start(self._here))

    def take(self, act: "Callable[[], subprocess.Popen[bytes]]") -> None:
        """Begin a run now, unless one is under way."""
        if self._process is None:
            self._process = act()

    def stop(self) -> None:
        """End a run that is under way: the next one does the rest."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


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
