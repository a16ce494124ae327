"""Creates a data directory: initdb, the role `joinder` and its database."""

import secrets
import shutil
import subprocess
from pathlib import Path

from app.postgres.account import Account
from app.postgres.binaries import Binaries
from app.postgres.errors import EmbeddedPostgresError
from app.postgres.home import Layout
from app.postgres.profiles import Profile

ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}
"""All the environment PostgreSQL gets: no PG* variable of ours changes what it does."""

_BUILTIN_LOCALE_SINCE = 17
_STAGING = "data.new-"


def create(layout: Layout, binaries: Binaries, profile: Profile) -> None:
    """Create the data directory of `layout`; it appears by a rename, whole or not at all.

    The roles are made in single-user mode, before the server ever listens. Passwords go by a file
    and by standard input, never on a command line.

    Raises:
        EmbeddedPostgresError: initdb or the first statements failed.
    """
    for leftover in layout.root.glob(f"{_STAGING}*"):  # of a start that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    # An initdb that outlived its killed parent may still write, so the name is new each time.
    staging = layout.root / f"{_STAGING}{secrets.token_hex(4)}"
    layout.write_secret(layout.superuser_password)
    password = layout.write_secret(layout.password)
    _run(
        [
            binaries.path("initdb"),
            *("-D", str(staging)),
            "--username=postgres",
            "--auth=scram-sha-256",
            f"--pwfile={layout.superuser_password}",
            "--data-checksums",
            "--encoding=UTF8",
            "--no-instructions",
            *_locale(binaries),
            *([] if profile.is_durable else ["--no-sync"]),
        ],
        layout.account,
    )
    _run(
        [
            *(binaries.path("postgres"), "--single", "-D", str(staging)),
            *("-c", "exit_on_error=on"),
            *("-c", "log_min_error_statement=panic"),  # no password in an error message
            *("-c", f"fsync={'on' if profile.is_durable else 'off'}"),
            "postgres",
        ],
        layout.account,
        # single-user mode: one statement a line
        statements=f"CREATE ROLE joinder LOGIN CREATEDB PASSWORD '{password}'\n"
        "CREATE DATABASE joinder OWNER joinder\n",
    )
    staging.rename(layout.data)


def data_version(layout: Layout) -> int | None:
    """Return the major version the data directory belongs to, or None when there is none."""
    try:
        return int((layout.data / "PG_VERSION").read_text(encoding="ascii"))
    except FileNotFoundError:
        return None


def _locale(binaries: Binaries) -> list[str]:
    if binaries.major >= _BUILTIN_LOCALE_SINCE:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale=C"]


def _run(command: list[str], account: Account, statements: str = "") -> None:
    try:
        subprocess.run(  # noqa: S603 - our own arguments, no shell
            command,
            input=statements,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            cwd="/",
            env=ENVIRONMENT,
            umask=0o077,
            user=account.switch_user,
            group=account.switch_group,
            extra_groups=account.switch_extra_groups,
        )
    except subprocess.CalledProcessError as error:
        raise EmbeddedPostgresError(
            f"{Path(command[0]).name} could not create the database: {error.stdout[-1000:]}"
        ) from error
    except OSError as error:
        raise EmbeddedPostgresError(f"{command[0]} does not start: {error.strerror}") from error
