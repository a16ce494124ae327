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


@contextmanager
def installation(*, is_sandbox: bool = False) -> Iterator[Installation]:
    """Yield this installation; the embedded server runs while the context lasts.

    JOINDER_DATABASE_URL names a server, and JOINDER_OWNER_URL there the login that owns the
    database, unless one does both; without them the embedded one below JOINDER_HOME is used. The
    embedded one, and any sandbox, is brought to the newest schema and given keys when it has none.
    For a named server both are the operator's to do: new keys for old tokens would end all matches.

    Raises:
        DatabaseUrlError: JOINDER_DATABASE_URL names no PostgreSQL database.
    """
    from app.core.db import async_url  # noqa: PLC0415 -- slow to import
    from app.postgres.server import EmbeddedServer  # noqa: PLC0415 -- not needed with a named server

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
            ensure_home(home)
            server = stack.enter_context(EmbeddedServer(home))
            service_url = asyncio.run(roles.prepare(server))
            here = Installation(service_url, server.url, keys, server)
        if here.server is not None or is_sandbox:
            migrate(here.owner_url)
            if not keys.exists():
                from app.serving.keys import create_keys  # noqa: PLC0415 -- first start only

                create_keys(keys)
        yield here


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
    with installation() as here:
        return in_transaction(here, act)


def in_transaction(here: Installation, act: Callable[["AsyncSession"], Awaitable[T]]) -> T:
    """Run `act` for the operator in one transaction on the database of `here`."""
    from app.core.db import JOBS, create_engine, create_sessions, transaction  # noqa: PLC0415 -- slow to import

    async def run() -> T:
        engine = create_engine(here.owner_url, pool_size=1, role=JOBS)
        try:
            async with transaction(create_sessions(engine)) as session:
                return await act(session)
        finally:
            await engine.dispose()

    return asyncio.run(run())
