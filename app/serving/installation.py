"""Where this installation's data and keys are, and its database: embedded, or a named one."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from app.postgres.home import default_home, ensure_home
from app.serving import roles

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.cases.registering import Intake
    from app.core.db import Sessions
    from app.overlaps.keyring import Keyring
    from app.postgres.server import EmbeddedServer

MIGRATIONS: Final = Path(__file__).parents[2] / "migrations"
T = TypeVar("T")


@dataclass(frozen=True)
class Installation:
    """Database URLs and the directory of keys; the URLs hold passwords and are never printed."""

    database_url: str
    """For the registry's processes."""
    owner_url: str
    """For migrations and the operator's commands; the service is never given it."""
    keys: Path
    server: "EmbeddedServer | None" = None
    """The embedded server, or None when the operator named another."""

    def __repr__(self) -> str:
        return f"Installation(keys={self.keys})"

    def keep_database_up(self) -> None:
        """Start the embedded server again if it died."""
        if self.server is not None:
            self.server.ensure_running()


class InstallationError(RuntimeError):
    """The installation is not there, or not whole; the text says what to do."""


@contextmanager
def installation(
    *, is_sandbox: bool = False, may_begin: bool = True, admit: Callable[[str], None] | None = None
) -> Iterator[Installation]:
    """Yield this installation; the embedded server runs while the context lasts.

    JOINDER_DATABASE_URL names a server, and JOINDER_OWNER_URL there the login that owns the
    database, unless one does both; without them the embedded one below JOINDER_HOME is used. The
    embedded one, and any sandbox, is brought to the newest schema and given keys when it has none.
    For a named server both are the operator's to do: new keys for old tokens would end all matches.

    Args:
        is_sandbox: A named server too is brought to the newest schema and given keys.
        may_begin: Make an embedded installation where there is none.
        admit: Given the URL of the database before anything of it is changed; raises to refuse it.

    Raises:
        DatabaseUrlError: JOINDER_DATABASE_URL names no PostgreSQL database.
        InstallationError: there is none here, or its keys are gone.
    """
    from app.core.db import async_url  # noqa: PLC0415 -- slow to import
    from app.postgres.server import EmbeddedServer  # noqa: PLC0415 -- slow to import

    home = default_home()
    keys = Path(os.environ.get("JOINDER_KEYS") or home / "keys")
    named = os.environ.get("JOINDER_DATABASE_URL")
    with ExitStack() as stack:
        if named:
            owner = os.environ.get("JOINDER_OWNER_URL") or named
            for url in (named, owner):
                async_url(url)  # what is no database is said before anything starts
            here = Installation(named, owner, keys)
        else:
            if not may_begin and not (home / "postgres").exists():
                raise InstallationError(
                    f"There is no installation in {home}. Set JOINDER_HOME to the one that "
                    "`joinder serve` uses, or JOINDER_DATABASE_URL."
                )
            ensure_home(home)
            server = stack.enter_context(EmbeddedServer(home))
            service_url = asyncio.run(roles.prepare(server))
            here = Installation(service_url, server.url, keys, server)
        if admit is not None:
            admit(here.owner_url)
        if here.server is not None or is_sandbox:
            migrate(here.owner_url)
            if not keys.exists():
                _begin_with_keys(here)
        yield here


def _begin_with_keys(here: Installation) -> None:
    from app.serving.keys import create_keys  # noqa: PLC0415 -- first start only

    if asyncio.run(_has_epochs(here.database_url)):
        raise InstallationError(
            f"There are no keys in {here.keys}, and the database holds tokens made with some. "
            "Restore them from the backup, or set JOINDER_KEYS to where they are."
        )
    create_keys(here.keys)


async def _has_epochs(url: str) -> bool:
    from app.core.db import create_engine, create_sessions, transaction  # noqa: PLC0415 -- slow to import
    from app.epochs.queries import has_any  # noqa: PLC0415 -- as above

    engine = create_engine(url, pool_size=1)
    try:
        async with transaction(create_sessions(engine)) as session:
            return await has_any(session)
    finally:
        await engine.dispose()


def migrate(url: str) -> None:
    """Bring the database to the newest schema; at the newest already, nothing happens.

    Raises:
        RolesMissingError: the server lacks the roles, and the login may not make them.
    """
    from alembic import command  # noqa: PLC0415 -- slow to import
    from alembic.config import Config  # noqa: PLC0415 -- as above

    asyncio.run(roles.require(url))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    command.upgrade(config, "head")


def as_operator(act: Callable[["AsyncSession"], Awaitable[T]]) -> T:
    """Run `act` in one transaction on this installation's database."""
    with installation(may_begin=False) as here:
        return in_transaction(here, act)


def in_transaction(here: Installation, act: Callable[["AsyncSession"], Awaitable[T]]) -> T:
    """Run `act` for the operator in one transaction on the database of `here`."""
    from app.core.db import transaction  # noqa: PLC0415 -- slow to import

    async def once(sessions: "Sessions") -> T:
        async with transaction(sessions) as session:
            return await act(session)

    return asyncio.run(_with_jobs(here, once))


def on_database(here: Installation, work: Callable[["Sessions"], Awaitable[T]]) -> T:
    """Run `work`, which begins its own transactions for the operator, on the database of `here`."""
    return asyncio.run(_with_jobs(here, work))


async def _with_jobs(here: Installation, work: Callable[["Sessions"], Awaitable[T]]) -> T:
    from app.core.db import JOBS, create_engine, create_sessions  # noqa: PLC0415 -- slow to import

    engine = create_engine(here.owner_url, pool_size=1, role=JOBS)
    try:
        return await work(create_sessions(engine))
    finally:
        await engine.dispose()


def as_nightly(act: Callable[["Sessions", "Intake"], Awaitable[T]]) -> T:
    """Run `act` for the operator with the registry's keys: three connections, one for the lock."""
    from app.cases.registering import Intake  # noqa: PLC0415 -- slow to import
    from app.core.db import JOBS, create_engine, create_sessions  # noqa: PLC0415 -- as above
    from app.core.keyfiles import KeyFiles  # noqa: PLC0415 -- as above
    from app.core.settings import RegistrySettings  # noqa: PLC0415 -- as above
    from app.overlaps.keyring import create_keyring  # noqa: PLC0415 -- as above

    async def run(here: Installation) -> T:
        settings = RegistrySettings.model_validate(
            {"database_url": here.owner_url, "keys": here.keys}
        )
        engine = create_engine(here.owner_url, pool_size=3, role=JOBS)
        try:
            sessions = create_sessions(engine)
            keyring = await create_keyring(settings, sessions)
            secret = KeyFiles(here.keys / "registry").secret("app-secret")
            return await act(sessions, Intake(keyring, secret))
        finally:
            await engine.dispose()

    with installation(may_begin=False) as here:
        return asyncio.run(run(here))


def as_matching_operator(act: Callable[["Sessions", "Keyring"], Awaitable[T]]) -> T:
    """Run `act` with the registry's keys on this installation's database, as its service does."""
    from app.core.db import create_engine, create_sessions  # noqa: PLC0415 -- slow to import
    from app.core.settings import RegistrySettings  # noqa: PLC0415 -- as above
    from app.overlaps.keyring import create_keyring  # noqa: PLC0415 -- as above

    async def run(here: Installation) -> T:
        settings = RegistrySettings.model_validate(
            {"database_url": here.database_url, "keys": here.keys}
        )
        engine = create_engine(here.database_url, pool_size=2)
        try:
            sessions = create_sessions(engine)
            return await act(sessions, await create_keyring(settings, sessions))
        finally:
            await engine.dispose()

    with installation() as here:
        return asyncio.run(run(here))
