"""A folder into which a case-management system drops its exports: each is pushed once, then moved.

    DIR/                new exports; one that still grows is left alone
    DIR/working/        the one that is pushed now, with how far it came
    DIR/done/           exports that were pushed, until `kept_for` is over
    DIR/reject/         what could not be used, and why; what was left out of those that were pushed

Every move is a rename within DIR, so that a file is in one place at every moment.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from stat import S_ISREG
from typing import IO, Final

from app.client.clock import Clock
from app.client.config import write_atomically
from app.client.errors import TemporaryError, UsageError
from app.client.push import Summary

EXPORTS: Final = frozenset({".csv", ".txt", ".tsv"})
"""How the name of an export ends; everything else in the folder is left alone."""

_STAMP: Final = "%Y%m%dT%H%M%SZ"
_STAMPED: Final = re.compile(r"(\d{8}T\d{6}Z)-")

Push = Callable[[Path], Summary]
"""Pushes one export, going on where it was stopped before; see `push.push`."""


@dataclass(frozen=True)
class Taken:
    """What became of one export."""

    name: str
    """As it was dropped."""
    summary: Summary | None = None
    """What the push did; None when the file could not be used."""
    code: str = ""
    """Why it could not."""

    @property
    def is_clean(self) -> bool:
        """Whether everything in the file was posted."""
        return self.summary is not None and self.summary.is_clean


@dataclass(frozen=True)
class Folder:
    """A watched folder, on one file system."""

    path: Path
    settled: timedelta = timedelta(seconds=60)
    """How long a file must not have changed before it is taken for whole."""
    kept_for: timedelta = timedelta(days=30)
    """How long pushed exports, which hold names and dates, stay in `done` and `reject`."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folders that are not there, and keep other watchers out.

        Raises:
            UsageError: they cannot be made.
            TemporaryError: another process watches the folder.
        """
        try:
            for each in ("working", "done", "reject"):
                (self.path / each).mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self.path / ".lock").open("a")
        except OSError:
            raise UsageError("folder-absent", f"Cannot make folders in {self.path}.") from None
        with lock:
            if not _lock(lock):
                raise TemporaryError("folder-watched", f"Another process watches {self.path}.")
            yield

    def take(self, push: Push, clock: Clock) -> Iterator[Taken]:
        """Push what is there, oldest first, one after the other; yield what became of each.

        Raises:
            TemporaryError, TrustError, ProblemError: of the push; the file stays in `working`, and
                the next call goes on with it. Also at the end, of files that cannot be moved.
        """
        while (found := self._next(clock)) is not None:
            yield self._push(found, push, clock)

    def last_taken(self) -> datetime | None:
        """Return when an export was last taken, UTC; None when none ever was."""
        return max((at for at, _ in self._stamped()), default=None)

    def is_late(self, due: time, now: datetime) -> bool:
        """Return whether no export came in the day that ended at the last `due`, local time.

        Args:
            due: By when one should have been taken, every day.
            now: With the local time zone.
        """
        last = self.last_taken()
        return last is None or last <= last_due(due, now) - timedelta(days=1)

    def clear(self, now: datetime) -> int:
        """Delete what has been in `done` and `reject` for `kept_for`; return how many files.

        Of what was put away last the name stays, which tells when that was, and nothing in it.
        """
        last, cleared = self.last_taken(), 0
        for at, file in list(self._stamped()):
            if at < now - self.kept_for and (at != last or file.stat().st_size):
                if at == last:
                    file.write_bytes(b"")
                else:
                    file.unlink()
                cleared += 1
        return cleared

    def _stamped(self) -> Iterator[tuple[datetime, Path]]:
        """Yield what was put away, and when."""
        for folder in ("done", "reject"):
            for file in (self.path / folder).iterdir():
                if found := _STAMPED.match(file.name):
                    yield datetime.strptime(f"{found[1]}+0000", f"{_STAMP}%z"), file

    def _next(self, clock: Clock) -> Path | None:
        """Return the next export, in `working`; None when there is none that is whole.

        Raises:
            TemporaryError: only such are left as another program keeps from being moved.
        """
        working = self.path / "working"
        for _, left in _exports(working):
            return left
        settled, held = clock.unix() - self.settled.total_seconds(), None
        for changed, file in _exports(self.path):
            if changed <= settled:
                try:
                    return file.rename(working / file.name)
                except OSError:  # on Windows whoever has it open keeps it
                    held = file.name if file.exists() else held
        if held:
            raise TemporaryError("file-held", f"Another program holds {held}.")
        return None

    def _push(self, file: Path, push: Push, clock: Clock) -> Taken:
        try:
            taken = Taken(file.name, push(file))
        except UsageError as error:
            write_atomically(self._free("reject", f"{file.name}.why.txt", clock), f"{error}\n")
            file.rename(self._free("reject", file.name, clock))
            return Taken(file.name, code=error.code)
        if taken.summary is not None and taken.summary.rejects:
            rejects = Path(taken.summary.rejects)
            taken.summary.rejects = str(rejects.rename(self._free("reject", rejects.name, clock)))
        file.rename(self._free("done", file.name, clock))
        return taken

    def _free(self, folder: str, name: str, clock: Clock) -> Path:
        """Return a path that says when, and that no file has."""
        stamp = datetime.fromtimestamp(clock.unix(), UTC).strftime(_STAMP)
        path, number = self.path / folder / f"{stamp}-{name}", 1
        while path.exists():
            number += 1
            path = self.path / folder / f"{stamp}-{number}-{name}"
        return path


def last_due(due: time, now: datetime) -> datetime:
    """Return when an export should have come last, with the time zone of `now`."""
    today = datetime.combine(now.date(), due, now.tzinfo)
    return today if today <= now else today - timedelta(days=1)


def _lock(file: IO[str]) -> bool:
    """Lock a file until it is closed or the process ends; return whether nobody else has."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 -- of that platform only

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 -- as above

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _exports(folder: Path) -> list[tuple[float, Path]]:
    """Return when each export in a folder changed, oldest first; a name with a dot before is none.

    What is taken away meanwhile, by whoever renames what it has written, was none.
    """
    found = []
    for file in folder.iterdir():
        if (
            file.suffix.lower() in EXPORTS
            and not file.name.startswith((".", "~"))
            and not file.name.endswith(".rejects.csv")
        ):
            with suppress(FileNotFoundError):
                stat = file.stat()
                if S_ISREG(stat.st_mode):
                    found.append((stat.st_mtime, file))
    return sorted(found)
