"""Under which operating system account PostgreSQL runs."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from app.postgres.errors import EmbeddedPostgresError


@dataclass(frozen=True)
class Account:
    """An operating system account; `switch_*` are what `subprocess` takes, None for no change."""

    name: str
    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        """Whether this process already runs under the account."""
        return self.uid == os.geteuid()

    @property
    def switch_user(self) -> int | None:
        """Return the `user=` argument for `subprocess`."""
        return None if self.is_ours else self.uid

    @property
    def switch_group(self) -> int | None:
        """Return the `group=` argument for `subprocess`."""
        return None if self.is_ours else self.gid

    @property
    def switch_extra_groups(self) -> list[int] | None:
        """Return the `extra_groups=` argument for `subprocess`: none of root's groups stay."""
        return None if self.is_ours else []

    def can_enter(self, directory: Path) -> bool:
        """Tell from the mode bits whether the account can reach and enter `directory`.

        Directories that do not exist yet count as enterable, because we create them. Access
        control lists are not read.
        """
        place = directory.resolve()
        return all(self._may_search(each) for each in (place, *place.parents))

    def _may_search(self, directory: Path) -> bool:
        try:
            found = directory.stat()
        except FileNotFoundError:
            return True
        except (PermissionError, NotADirectoryError):
            return False
        if found.st_uid == self.uid:
            needed = stat.S_IXUSR
        elif found.st_gid == self.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        return bool(found.st_mode & needed)


def server_account() -> Account:
    """Return the account PostgreSQL runs under: our own, or an unprivileged one when we are root.

    PostgreSQL refuses to run as root. The account must exist already; none is ever created. It is
    JOINDER_POSTGRES_USER when set, else `postgres`, else `nobody`.

    Raises:
        EmbeddedPostgresError: no such account, or the named one is root.
    """
    if os.geteuid() != 0:
        return Account(str(os.geteuid()), os.geteuid(), os.getegid())
    named = os.environ.get("JOINDER_POSTGRES_USER")
    for name in (named,) if named else ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid == 0:
            raise EmbeddedPostgresError(
                f"PostgreSQL refuses to run as {name}, which is root. "
                "Set JOINDER_POSTGRES_USER to an unprivileged account."
            )
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedPostgresError(
        f"PostgreSQL refuses to run as root and the account {named or 'postgres or nobody'} does "
        "not exist. Set JOINDER_POSTGRES_USER to an existing unprivileged account."
    )
