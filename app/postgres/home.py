"""The data directory: where it is, what lies in it, and who may enter."""

import hashlib
import os
import re
import secrets
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from app.postgres.account import Account, server_account
from app.postgres.binaries import SHARED
from app.postgres.errors import EmbeddedPostgresError

LONGEST_SOCKET_PATH = 103
"""Bytes a socket's path may have: 107 on Linux, 103 on macOS."""

_SOCKET_FILE = ".s.PGSQL.5432.lock"
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+@~-]+", re.ASCII)


def default_home() -> Path:
    """Return the data directory: JOINDER_HOME, else `.joinder` in the working directory.

    When we are root and the account PostgreSQL runs under cannot enter the working directory (as
    under /root), it is a directory below /var/lib/joinder named after the working directory.
    """
    named = os.environ.get("JOINDER_HOME")
    if named:
        return Path(named).expanduser().absolute()
    here = Path.cwd()
    if os.geteuid() == 0 and not server_account().can_enter(here / ".joinder"):
        return SHARED / hashlib.sha256(os.fsencode(here)).hexdigest()[:12]
    return here / ".joinder"


def ensure_home(home: Path) -> None:
    """Create the data directory, private to us; existing directories keep their modes.

    As root others may pass through it (0711) because PostgreSQL's own directory lies inside.

    Raises:
        EmbeddedPostgresError: it belongs to another account, or cannot be created.
    """
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        for each in reversed([place for place in (home, *home.parents) if not place.exists()]):
            each.mkdir(exist_ok=True)
            each.chmod(mode)
        owner = home.stat().st_uid
    except OSError as error:
        raise EmbeddedPostgresError(
            f"The data directory {home} cannot be created or entered ({error.strerror}). "
            "Set JOINDER_HOME to a directory you may write to."
        ) from error
    if owner != os.geteuid():
        raise EmbeddedPostgresError(
            f"The data directory {home} belongs to the account number {owner} and this is number "
            f"{os.geteuid()}. Run as that account, or set JOINDER_HOME to another directory."
        )


@dataclass(frozen=True)
class Layout:
    """The paths below one data directory; `root` and all inside belong to `account`, mode 0700."""

    home: Path
    account: Account

    @property
    def root(self) -> Path:
        """Return the directory of everything that PostgreSQL itself touches."""
        return self.home / "postgres"

    @property
    def data(self) -> Path:
        """Return the PostgreSQL data directory."""
        return self.root / "data"

    @property
    def log(self) -> Path:
        """Return the server's log file."""
        return self.root / "server.log"

    @property
    def superuser_password(self) -> Path:
        """Return the file with the password of the role `postgres`."""
        return self.root / "superuser-password"

    @property
    def password(self) -> Path:
        """Return the file with the password of the role `joinder`."""
        return self.root / "joinder-password"

    @property
    def service_password(self) -> Path:
        """Return the file with the password of the role `joinder_service`."""
        return self.root / "service-password"

    @property
    def _remembered_socket_directory(self) -> Path:
        return self.root / "socket-directory"

    def prepare(self) -> None:
        """Create `root` when absent.

        Raises:
            EmbeddedPostgresError: the account cannot enter it, or it belongs to another one.
        """
        if not self.account.can_enter(self.home):
            raise EmbeddedPostgresError(
                f"PostgreSQL runs as the account {self.account.name} here, because it refuses to "
                f"run as root, and that account cannot enter {self.home}. Set JOINDER_HOME to a "
                "directory outside of private ones (such as /var/lib/joinder/service), or run as "
                "an ordinary user."
            )
        if not self.root.exists():
            self.root.mkdir(mode=0o700)
            self._give(self.root)
        owner = self.root.stat().st_uid
        if owner != self.account.uid:
            raise EmbeddedPostgresError(
                f"{self.root} belongs to the account number {owner}, but PostgreSQL would run as "
                f"{self.account.name} (number {self.account.uid}). Set JOINDER_POSTGRES_USER to "
                "the account it was created with."
            )

    def write_secret(self, path: Path) -> str:
        """Write a new random password, mode 0600, and return it."""
        secret = secrets.token_hex(24)
        path.unlink(missing_ok=True)
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(number, "w", encoding="ascii") as file:
            file.write(secret)
            if not self.account.is_ours:
                os.fchown(file.fileno(), self.account.uid, self.account.gid)
            file.flush()
            os.fsync(file.fileno())
        return secret

    def socket_directory(self) -> Path:
        """Return the private directory (0700) of the server's socket, created when absent.

        It lies in `root` unless its path is too long for a socket or has characters that would
        need quoting in a URL; then it is a new directory below /tmp, remembered until `forget`.
        """
        usual = self.root / "socket"
        if _PLAIN_PATH.fullmatch(str(usual)) and (
            len(os.fsencode(usual / _SOCKET_FILE)) <= LONGEST_SOCKET_PATH
        ):
            return self._private(usual)
        try:
            remembered = Path(self._remembered_socket_directory.read_text(encoding="utf-8"))
            found = remembered.lstat()
        except OSError:
            pass
        else:
            is_private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700  # noqa: PLR2004 - a mode
            if is_private and found.st_uid == self.account.uid:
                return remembered
        for base in ("/tmp", tempfile.gettempdir()):  # noqa: S108 - mkdtemp makes it private
            if Path(base).is_dir() and self.account.can_enter(Path(base)):
                short = Path(tempfile.mkdtemp(prefix="joinder-", dir=base))
                self._give(short)
                self._remembered_socket_directory.write_text(str(short), encoding="utf-8")
                return short
        raise EmbeddedPostgresError(
            f"The path of {self.home} is too long for a socket and there is no usable /tmp. "
            "Set JOINDER_HOME to a directory with a shorter path."
        )

    def forget_socket_directory(self) -> None:
        """Remove the directory below /tmp, if there is one; the server must be stopped."""
        if self._remembered_socket_directory.exists():
            shutil.rmtree(self.socket_directory(), ignore_errors=True)
            self._remembered_socket_directory.unlink()

    def _private(self, directory: Path) -> Path:
        if not directory.exists():
            directory.mkdir(mode=0o700)
            self._give(directory)
        return directory

    def _give(self, path: Path) -> None:
        if not self.account.is_ours:
            os.chown(path, self.account.uid, self.account.gid)
