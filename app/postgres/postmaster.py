"""The server process: find it, start it, wait for it, end it."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.postgres.binaries import Binaries
from app.postgres.cluster import ENVIRONMENT
from app.postgres.errors import EmbeddedPostgresError
from app.postgres.home import Layout
from app.postgres.profiles import Profile

READY_WITHIN = 120.0
"""Seconds that a start, with crash recovery, may take before we give up waiting."""

_FAST_STOP_WITHIN = 30.0
_IMMEDIATE_STOP_WITHIN = 15.0
_LET_GO_WITHIN = 10.0
_LOG_LIMIT = 5_000_000
_STATUS_LINE = 7


@dataclass(frozen=True)
class Running:
    """A live server process, as its postmaster.pid describes it."""

    pid: int
    is_ready: bool


def find(layout: Layout) -> Running | None:
    """Return the live server of this data directory, or None.

    A postmaster.pid left by a crash does not count, even when its number now belongs to another
    program or to a process that is dead but not yet reaped.
    """
    try:
        lines = (layout.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    if f" -D {layout.data} " not in f"{_command_line(pid)} ":
        return None
    return Running(pid, len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready")


def command(layout: Layout, binaries: Binaries, profile: Profile) -> list[str]:
    """Return the server's command line; it holds every setting we depend on and no secret."""
    settings = profile.settings | {
        "unix_socket_directories": str(layout.socket_directory()),
        "cluster_name": f"joinder {binaries.version}",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [binaries.path("postgres"), "-D", str(layout.data), *options]


def was_started_with(layout: Layout, arguments: list[str]) -> bool:
    """Tell whether the last start used this command line, apart from the program's directory."""
    try:
        options = (layout.data / "postmaster.opts").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return options.rstrip("\n").endswith(
        " ".join(["postgres", *(f'"{argument}"' for argument in arguments[1:])])
    )


def start(layout: Layout, arguments: list[str]) -> subprocess.Popen[bytes]:
    """Start the server and wait until it accepts connections; nobody else may be starting it.

    Raises:
        EmbeddedPostgresError: it does not start, or is not ready within `READY_WITHIN` seconds.
    """
    # PostgreSQL trusts the number in a stale file when some process has it. `find` knows better,
    # and PostgreSQL still refuses by itself while old backends hold the data directory's memory.
    (layout.data / "postmaster.pid").unlink(missing_ok=True)
    if layout.log.exists() and layout.log.stat().st_size > _LOG_LIMIT:
        layout.log.rename(layout.log.with_suffix(".log.old"))
    give_up_at = time.monotonic() + _LET_GO_WITHIN
    while True:
        offset = layout.log.stat().st_size if layout.log.exists() else 0
        process = _spawn(layout, arguments)
        if wait_ready(layout, process):
            return process
        said = _tail(layout.log, offset)
        if "still in use" not in said or time.monotonic() > give_up_at:
            raise EmbeddedPostgresError(f"PostgreSQL did not start. Its log {layout.log}: {said}")
        time.sleep(0.1)  # backends of a killed server are still leaving


def wait_ready(layout: Layout, process: subprocess.Popen[bytes] | None = None) -> bool:
    """Wait until the server accepts connections; False when it ended instead.

    `process` is the server if it is our child; it has not written its postmaster.pid at first.

    Raises:
        EmbeddedPostgresError: it is alive but not ready; it is left to finish its recovery.
    """
    give_up_at = time.monotonic() + READY_WITHIN
    while time.monotonic() < give_up_at:
        running = find(layout)
        if running is not None and running.is_ready:
            return True
        if process.poll() is not None if process else running is None:
            return False
        time.sleep(0.005)
    raise EmbeddedPostgresError(
        f"PostgreSQL is not ready after {READY_WITHIN:.0f} seconds; it may still be recovering "
        f"from a crash. See {layout.log} and start again later."
    )


def stop(layout: Layout) -> None:
    """Stop the server if it runs: sessions are ended and data written; at last by force.

    Raises:
        EmbeddedPostgresError: it did not end.
    """
    for number, within in (
        (signal.SIGINT, _FAST_STOP_WITHIN),  # fast shutdown
        (signal.SIGQUIT, _IMMEDIATE_STOP_WITHIN),  # immediate; the next start recovers
    ):
        running = find(layout)
        if running is None:
            return
        with suppress(ProcessLookupError):
            os.kill(running.pid, number)
        give_up_at = time.monotonic() + within
        while time.monotonic() < give_up_at:
            if find(layout) is None:
                return
            time.sleep(0.005)
    raise EmbeddedPostgresError(f"PostgreSQL in {layout.data} does not stop. See {layout.log}.")


def _spawn(layout: Layout, arguments: list[str]) -> subprocess.Popen[bytes]:
    account = layout.account
    number = os.open(layout.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    with os.fdopen(number, "ab") as log:
        if not account.is_ours:
            os.fchown(number, account.uid, account.gid)
        return subprocess.Popen(  # noqa: S603 - our own arguments, no shell
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=ENVIRONMENT,
            umask=0o077,
            start_new_session=True,  # a Ctrl-C for the service is not one for the database
            user=account.switch_user,
            group=account.switch_group,
            extra_groups=account.switch_extra_groups,
        )


def _tail(log: Path, offset: int) -> str:
    with log.open("rb") as file:
        file.seek(offset)
        return file.read()[-1000:].decode("utf-8", "replace").strip()


def _command_line(pid: int) -> str:
    """Return the arguments of a process, joined by spaces; empty when it is dead or unreaped."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except (OSError, UnicodeDecodeError):
            return ""
    answer = subprocess.run(  # noqa: S603 - a number
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip()
