"""Starts, shares and stops the embedded server of one data directory."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from app.postgres import cluster, postmaster
from app.postgres.account import server_account
from app.postgres.binaries import find_binaries
from app.postgres.errors import EmbeddedPostgresError
from app.postgres.home import Layout, ensure_home
from app.postgres.profiles import DURABLE, Profile

if TYPE_CHECKING:
    import subprocess

_TURN_WITHIN = 180.0
"""Seconds to wait for another process that is starting or stopping the same server."""


class EmbeddedServer:
    """A PostgreSQL server on a private socket, without TCP, shared by the processes that use it.

    Every user holds a shared lock on the data directory; the last one to leave stops the server.
    The operating system drops the lock of a killed process, so a server that nobody stopped is
    taken over by the next start, or restarted when its settings or programs differ.
    """

    def __init__(self, home: Path, *, profile: Profile = DURABLE) -> None:
        """Take the data directory; nothing is touched before `start`."""
        self._home = home.absolute()
        self._profile = profile
        self._layout = Layout(self._home, server_account())
        self._users: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def layout(self) -> Layout:
        """Return the paths of this server."""
        return self._layout

    @property
    def url(self) -> str:
        """Return the URL of the database `joinder` for its role, as asyncpg and SQLAlchemy take it.

        Raises:
            EmbeddedPostgresError: the password file is gone.
        """
        return self.url_of("joinder", self._layout.password)

    @property
    def superuser_url(self) -> str:
        """Return the same URL for the superuser, who is needed for making roles and no more.

        Raises:
            EmbeddedPostgresError: the password file is gone.
        """
        return self.url_of("postgres", self._layout.superuser_password)

    def url_of(self, role: str, password_file: Path) -> str:
        """Return the URL of the database `joinder` for a role.

        Raises:
            EmbeddedPostgresError: the password file is gone.
        """
        try:
            password = password_file.read_text(encoding="ascii")
        except FileNotFoundError as error:
            raise EmbeddedPostgresError(
                f"The password file {password_file} is missing. Restore it from a backup."
            ) from error
        directory = quote(str(self._layout.socket_directory()))
        return f"postgresql://{role}:{password}@/joinder?host={directory}&port=5432"

    def start(self) -> str:
        """Join the server, starting or creating it when needed, and return `url`.

        It blocks, for at most a few minutes. While another process starts the same one, it waits.

        Raises:
            EmbeddedPostgresError: the server cannot be used here.
        """
        with self._turn():
            if self._users is None:
                self._users = _open(self._home / "postgres.users")
                fcntl.flock(self._users, fcntl.LOCK_SH)
            try:
                self._run()
            except BaseException:
                self._leave()
                raise
        return self.url

    def ensure_running(self) -> bool:
        """Start the server again if it died; True when it had to be started.

        The URL stays the same. Only after `start`.
        """
        running = postmaster.find(self._layout)
        if running is not None and running.is_ready:
            return False
        self.start()
        return True

    def stop(self) -> bool:
        """Leave the server; stop it and return True when nobody else uses it."""
        if self._users is None:
            return False
        with self._turn():
            try:
                if not self._is_sole_user():
                    return False
                self._shut_down()
                return True
            finally:
                self._leave()

    def discard(self) -> bool:
        """Stop a disposable server and delete its home; False when somebody else uses it.

        Raises:
            EmbeddedPostgresError: this is a durable server.
        """
        if self._profile.is_durable:
            raise EmbeddedPostgresError("A durable server's data is never deleted by the service.")
        with self._turn():
            if self._users is None:
                self._users = _open(self._home / "postgres.users")
            try:
                if not self._is_sole_user():
                    return False
                self._shut_down()
                shutil.rmtree(self._home)
                return True
            finally:
                self._leave()

    def _run(self) -> None:
        """Bring the server up; we hold the turn and are counted as a user."""
        layout = self._layout
        layout.prepare()
        binaries = find_binaries(layout.account)
        version = cluster.data_version(layout)
        if version is None:
            cluster.create(layout, binaries, self._profile)
        elif version != binaries.major:
            raise EmbeddedPostgresError(
                f"The data in {layout.data} is of PostgreSQL {version}, the programs are "
                f"{binaries.version}. Set JOINDER_POSTGRES_BIN to the programs of {version}, or "
                "move the data with pg_dump."
            )
        arguments = postmaster.command(layout, binaries, self._profile)
        if postmaster.find(layout) is not None:
            if postmaster.was_started_with(layout, arguments) or not self._is_sole_user():
                if postmaster.wait_ready(layout):
                    return
            else:
                postmaster.stop(layout)
        self._forget_process()
        self._process = postmaster.start(layout, arguments)

    def _shut_down(self) -> None:
        postmaster.stop(self._layout)
        if self._process is not None:
            self._process.wait(timeout=10)
        self._layout.forget_socket_directory()

    def _is_sole_user(self) -> bool:
        """Tell whether only we use the server, while holding the turn; we stay a user."""
        assert self._users is not None  # noqa: S101 - callers have joined
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            fcntl.flock(self._users, fcntl.LOCK_SH)
        return True

    def _leave(self) -> None:
        if self._users is not None:
            os.close(self._users)
            self._users = None
        self._forget_process()

    def _forget_process(self) -> None:
        """Let go of the server process: reap it if it died, else leave it to its other users."""
        if self._process is not None and self._process.poll() is None:
            self._process.returncode = 0  # or Popen would report a process left by mistake
        self._process = None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold the lock under which the server is started and stopped.

        Raises:
            EmbeddedPostgresError: another process holds it for too long.
        """
        path = self._home / "postgres.lock"
        give_up_at = time.monotonic() + _TURN_WITHIN
        while True:
            ensure_home(self._home)
            with suppress(FileNotFoundError):  # the home was discarded just now
                number = _open(path)
                if _is_locked(number, path):
                    break
                os.close(number)
            if time.monotonic() > give_up_at:
                raise EmbeddedPostgresError(
                    f"Another process has been starting or stopping the database in {self._home} "
                    f"for {_TURN_WITHIN:.0f} seconds. Look for it, then try again."
                )
            time.sleep(0.01)
        try:
            yield
        finally:
            os.close(number)


def _is_locked(number: int, path: Path) -> bool:
    """Try to lock the opened file; False when another holds it or it is no longer at `path`."""
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(number), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
