from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, cast

import asyncpg
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

CONNECTION_SETTINGS: Final = {
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "10s",
    # every statement reads by key; planning one anew each time would cost more than running it
    "plan_cache_mode": "force_generic_plan",
    # a plan kept from when a table was empty would read all of it for the life of a connection
    "enable_seqscan": "off",
    "jit": "off",  # the price of a plan switched off would start a compiler
    "timezone": "UTC",
    "application_name": "joinder",
}
"""Set on each connection: bounds on every wait inside PostgreSQL, and plans that are kept."""

SCHEMA: Final = "0009"
"""The revision that this release needs. It also runs on a later one: migrations only add."""

_PORTS: Final = 65_535
_DRIVER: Final = "driver"
_PASSING: Final = ("08", "53", "57P", "40", "55P03", "57014", "25P03")
"""SQLSTATEs, or how they begin: connection, resources, shut-down, conflict, and our own bounds."""

Sessions = async_sessionmaker[AsyncSession]


class DatabaseUrlError(ValueError):
    """JOINDER_DATABASE_URL names no PostgreSQL database. Holds no part of it."""

    def __init__(self) -> None:
        super().__init__("Write JOINDER_DATABASE_URL as postgresql://user:password@host:port/name.")


def async_url(url: str) -> URL:
    """Return `url` (any `postgresql` form) as SQLAlchemy's URL for asyncpg.

    Raises:
        DatabaseUrlError: it is no such URL.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise DatabaseUrlError from None
    if parsed.get_backend_name() not in {"postgresql", "postgres"} or (parsed.port or 0) > _PORTS:
        raise DatabaseUrlError
    return parsed.set(drivername="postgresql+asyncpg")


def create_engine(url: str, *, pool_size: int) -> AsyncEngine:
    """Return an engine whose waits all end: connect 5 s, pool 5 s, statements as above."""
    return create_async_engine(
        async_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=False,
        hide_parameters=True,
        connect_args={"timeout": 5, "server_settings": CONNECTION_SETTINGS},
    )


def create_sessions(engine: AsyncEngine) -> Sessions:
    """Return the factory of sessions; attributes stay readable after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def transaction(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """Yield a session in a transaction that commits at the end, or leaves nothing behind.

    This is the only place that commits.
    """
    async with sessions.begin() as session:
        yield session


async def schema_revision(connection: AsyncConnection) -> str | None:
    """Return the revision of the schema, None where no migration ran."""
    if await connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    revision: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


async def driver(session: AsyncSession) -> asyncpg.Connection:
    """Return the asyncpg connection inside the session's transaction, for set-based SQL.

    Statements given to it are part of the same transaction as everything else.
    """
    known: asyncpg.Connection | None = session.info.get(_DRIVER)
    if known is not None:
        return known
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    native = cast("asyncpg.Connection", raw.driver_connection)
    if not native.is_in_transaction():
        # SQLAlchemy opens the transaction with its first own statement
        await connection.exec_driver_sql("SELECT 1")
    session.info[_DRIVER] = native  # a session is one transaction, and asking anew costs
    return native


def is_passing(error: Exception) -> bool:
    """Return whether `error` says that the database is away, full or busy: repeating may work."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        if error.connection_invalidated:
            return True
        cause = error.orig.__cause__ or error.orig
        return is_passing(cause) if isinstance(cause, Exception) else False
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate or "").startswith(_PASSING)
    if isinstance(error, OSError):
        return error.filename is None  # a missing file will not come by itself
    return isinstance(
        error,
        TimeoutError
        | PoolTimeoutError
        | OperationalError
        | asyncpg.InterfaceError
        | asyncpg.InternalClientError,
    )


DATABASE_ERRORS: Final[tuple[type[Exception], ...]] = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
"""What a lost or overloaded database looks like to the application."""
