"""Fetching exports from an SFTP server by OpenSSH's own `sftp`, whose host key is pinned.

Nothing is asked and nothing is learned: a host that the file of known hosts does not name, or that
shows another key, is refused. A file that changed while it was fetched is left for the next time.
"""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from app.client.config import write_atomically
from app.client.errors import TemporaryError, TrustError, UsageError
from app.client.watch import EXPORTS

_WAIT_SECONDS: Final = 600
_LISTED: Final = re.compile(r"-\S{9}\S?\s+\S+\s+\S+\s+\S+\s+(\d+)\s+(\S+\s+\S+\s+\S+)\s+(.+)")
"""A file in the long listing: its size, when it changed, its path."""
_NAME: Final = re.compile(r"[\w][\w .()+-]{0,199}")
"""Names that need no quoting in a batch; others are left where they are."""
_FETCHED: Final = ".fetched"


@dataclass(frozen=True)
class Source:
    """Where exports are fetched from, and by which key."""

    url: str
    """`sftp://user@host[:port]/folder`."""
    identity: Path
    """The private key; `sftp` refuses one that others can read."""
    known_hosts: Path
    """The host's key, as `ssh-keyscan` writes it and somebody compared it."""


def fetch(source: Source, folder: Path) -> int:
    """Fetch new exports into `folder`, each whole before it takes its name; return how many.

    Each keeps the time of its last change there: what has settled there is taken at once, the
    oldest first. Which were fetched (name, size, time) is kept in `folder/.fetched`: none is twice.

    Raises:
        UsageError: the URL or a file is wrong, or there is no `sftp` on this computer.
        TrustError: the host's key is not the pinned one.
        TemporaryError: the server cannot be reached or refuses the key.
    """
    place, remote = _command(source)
    known = _fetched(folder / _FETCHED)
    before = _list(place, remote)
    wanted = {name: stat for name, stat in before.items() if known.get(name) != list(stat)}
    if not wanted:
        return 0
    partial = folder / ".fetching"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    gets = [f'get -p "{PurePosixPath(remote) / name}" "{partial / name}"' for name in wanted]
    _run(place, gets)
    after = _list(place, remote)
    whole = [
        name
        for name, (size, changed) in wanted.items()
        if after.get(name) == (size, changed) and (partial / name).stat().st_size == size
    ]
    for name in whole:
        (partial / name).chmod(0o600)  # -p brings the rights of the file there, too
        (partial / name).rename(folder / name)
    shutil.rmtree(partial)
    kept = {name: stat for name, stat in known.items() if name in after}
    kept |= {name: list(wanted[name]) for name in whole}
    write_atomically(folder / _FETCHED, json.dumps(kept) + "\n")
    return len(whole)


def _command(source: Source) -> tuple[list[str], str]:
    """Return how `sftp` is started, and the folder there.

    Raises:
        UsageError: the URL has no user, host or folder, a file is absent, or `sftp` is.
    """
    parts = urlsplit(source.url)
    remote = unquote(parts.path).rstrip("/")
    if parts.scheme != "sftp" or not parts.username or not parts.hostname or not remote:
        raise UsageError("sftp-url-invalid", "Give a URL such as sftp://user@host/folder.")
    if parts.password or '"' in remote or "\n" in remote:
        raise UsageError("sftp-url-invalid", "A key signs in; remove the password from the URL.")
    for file in (source.identity, source.known_hosts):
        if not file.is_file():
            raise UsageError("sftp-file-absent", f"Cannot read {file}.")
    program = shutil.which("sftp")
    if program is None:
        raise UsageError("sftp-absent", "There is no sftp here; install the OpenSSH client.")
    options = {
        "BatchMode": "yes",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": source.known_hosts,
        "GlobalKnownHostsFile": "none",
        "UpdateHostKeys": "no",
        "IdentitiesOnly": "yes",
        "IdentityFile": source.identity,
        "PasswordAuthentication": "no",
        "ConnectTimeout": 30,
        "LogLevel": "ERROR",
    }
    return [
        program, "-b", "-", "-F", "none", "-P", str(parts.port or 22),
        *(f"-o{name}={value}" for name, value in options.items()),
        f"{parts.username}@{parts.hostname}",
    ], remote  # fmt: skip


def _list(place: list[str], remote: str) -> dict[str, tuple[int, str]]:
    """Return size and time of change of each export there."""
    found = {}
    for line in _run(place, [f'ls -ln "{remote}"']).splitlines():
        if listed := _LISTED.fullmatch(line.strip()):
            name = PurePosixPath(listed[3]).name
            if _NAME.fullmatch(name) and PurePosixPath(name).suffix.lower() in EXPORTS:
                found[name] = int(listed[1]), " ".join(listed[2].split())
    return found


def _run(place: list[str], batch: list[str]) -> str:
    """Run a batch and return what it printed."""
    try:
        done = subprocess.run(  # noqa: S603 -- no shell, and the batch is of names like _NAME
            place,
            input="\n".join(batch) + "\n",
            capture_output=True,
            text=True,
            timeout=_WAIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TemporaryError("sftp-slow", "The SFTP server did not answer in time.") from None
    if "Host key verification failed" in done.stderr:
        raise TrustError(
            "sftp-host-key", "The SFTP server's key is not the pinned one. Ask its administrator."
        )
    if done.returncode:
        raise TemporaryError("sftp-failed", "The SFTP server refused or cannot be reached.")
    return done.stdout


def _fetched(path: Path) -> dict[str, list[object]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
