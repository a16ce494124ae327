from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any, Final, Literal, Protocol, cast
from uuid import UUID

import asyncpg
from sqlalchemy import URL, Connection, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import Session, SessionTransaction

CONNECTION_SETTINGS: Final = {
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "10s",
    # every statement reads by key; planning one anew each time would cost more than running it
    "plan_cache_mode": "force_generic_plan",
    # a plan kept from when a table was empty would read all of it for the life of a connection
    "enable_seqscan": "off",
    # joins go in the order that they are written: to try all orders of the view of the ladder took
    # 40 ms, on each connection and again whenever autovacuum had been at one of its tables
    "join_collapse_limit": "1",
    "jit": "off",  # the price of a plan switched off would start a compiler
    "timezone": "UTC",
    "application_name": "joinder",
}
"""Set on each connection: bounds on every wait inside PostgreSQL, and plans that are kept."""

SCHEMA: Final = "0092"
"""The revision that this release needs; an upgrade stops the service and migrates first."""

Role = Literal["joinder_app", "joinder_matcher", "joinder_jobs"]
"""Roles of the database that processes act as (migrations/roles.sql); none may sign in."""

APP: Final = "joinder_app"
"""Acts for one office and sees its rows; migrations/versions/0010_wall.py has the policies."""
MATCHER: Final = "joinder_matcher"
"""Sees tokens and subjects of every office, and no text."""
JOBS: Final = "joinder_jobs"
"""Acts for the operator, who belongs to no office."""

_CONTEXTS: Final = {
    # until a transaction says whom it acts for, it may only look up callers
    APP: {"joinder.stage": "arriving"},
    JOBS: {"joinder.office": "0"},
}

ENTER: Final = (
    "set_config('joinder.office', ({office})::text, true),"
    " set_config('joinder.client', ({client})::text, true),"
    " set_config('joinder.person', ({person})::text, true),"
    " set_config('joinder.roles', {roles}, true)"
)
"""SQL columns that set the context until the transaction ends: whom it acts for, and its roles.

They fit into the statement that looks up the caller, so that it costs no round trip.
"""

_ENTER: Final = text(
    "SELECT " + ENTER.format(office=":office", client=":client", person=":person", roles=":roles")
)
_BECOME: Final = "SELECT set_config('role', $1, true)"
_BECOME_OPERATOR: Final = text(
    f"SELECT set_config('role', '{JOBS}', true) WHERE has_table_privilege("
    f"to_regrole('{JOBS}')::oid, to_regclass('offices')::oid, 'SELECT')"
)
TAKE_LONG: Final = "SELECT set_config('statement_timeout', '600s', true)"
"""Gives the statements of a nightly step ten minutes each, until its transaction ends."""
_CALLER: Final = "caller"
_ROLE: Final = "role"

_PORTS: Final = 65_535
_DRIVER: Final = "driver"
_PASSING: Final = ("08", "53", "57P", "40", "55P03", "57014", "25P03")
"""SQLSTATEs, or how they begin: connection, resources, shut-down, conflict, and our own bounds."""

Sessions = async_sessionmaker[AsyncSession]


class Caller(Protocol):
    """Whom a transaction acts for, as far as the database asks about it; a `Principal` is one."""

    @property
    def office_id(self) -> int:
        """Return the key of the office."""

    @property
    def client_id(self) -> UUID | None:
        """Return the machine client, None for a person."""

    @property
    def person_id(self) -> UUID | None:
        """Return the person, None for a machine client."""

    @property
    def roles(self) -> Collection[str]:
        """Return what the caller is."""


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


def arguments_of(url: str) -> dict[str, Any]:
    """Return what asyncpg's `connect` takes for `url`, as the engines of SQLAlchemy give it."""
    parsed = async_url(url)
    return dict(parsed.get_dialect()().create_connect_args(parsed)[1])


def settings_of(role: Role | None) -> dict[str, str]:
    """Return settings of connections that act as `role` at once, whatever their login may do."""
    return CONNECTION_SETTINGS | ({} if role is None else {"role": role, **_CONTEXTS.get(role, {})})


def create_engine(url: str, *, pool_size: int, role: Role | None = APP) -> AsyncEngine:
    """Return an engine whose waits all end: connect 5 s, pool 5 s, statements as above.

    Without `role` its connections have the rights of the login: a database may know no roles yet.
    """
    return create_async_engine(
        async_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        pool_use_lifo=True,  # the one used last has its plans, and what it read, at hand
        pool_pre_ping=False,
        hide_parameters=True,
        connect_args={"timeout": 5, "server_settings": settings_of(role)},
    )


def create_sessions(engine: AsyncEngine) -> Sessions:
    """Return the factory of sessions; attributes stay readable after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def transaction(
    sessions: Sessions, caller: Caller | None = None
) -> AsyncIterator[AsyncSession]:
    """Yield a session in a transaction that commits at the end, or leaves nothing behind.

    This is the only place that commits. Without `caller` it acts for nobody until `act_for`.
    """
    async with sessions.begin() as session:
        if caller is not None:
            act_for(session, caller)
        yield session


def act_for(session: AsyncSession, caller: Caller) -> None:
    """Have a session act for `caller` from the first statement of its transaction on."""
    session.info[_CALLER] = caller


async def enter(session: AsyncSession, caller: Caller) -> None:
    """Act for `caller` until the transaction, which is under way, ends.

    Row security lets a transaction that never did so see nothing (docs/adr/0013-second-wall.md).
    """
    await session.execute(_ENTER, _context(caller))


@event.listens_for(Session, "after_begin")
def _enter_first(session: Session, _: SessionTransaction, connection: Connection) -> None:
    if _CALLER in session.info:
        connection.execute(_ENTER, _context(session.info[_CALLER]))


def _context(caller: Caller) -> dict[str, str | None]:
    return {
        "office": str(caller.office_id),
        "client": str(caller.client_id) if caller.client_id else None,
        "person": str(caller.person_id) if caller.person_id else None,
        "roles": ",".join(sorted(caller.roles)),
    }


async def become(session: AsyncSession, role: Role) -> None:
    """Give the statements that follow the rights of `role`, and none of the one before.

    The end of the transaction ends it. Where a statement has done so (`became`) none is sent.
    """
    if session.info.get(_ROLE) != role:
        await (await driver(session)).execute(_BECOME, role)
        became(session, role)


async def become_operator(session: AsyncSession) -> None:
    """Become the operator's role where the schema has it; tables of an older one are the login's.

    The engine is one without a role.
    """
    await session.execute(_BECOME_OPERATOR)


def became(session: AsyncSession, role: Role) -> None:
    """Note that a statement has set the configuration `role` besides what it was sent for."""
    session.info[_ROLE] = role


@asynccontextmanager
async def savepoint(session: AsyncSession) -> AsyncIterator[None]:
    """Undo what is done inside when it fails, the role that it became too, and nothing before."""
    role = session.info.get(_ROLE)
    try:
        async with session.begin_nested():
            await session.connection()  # only now is the savepoint made
            yield
    except BaseException:
        session.info[_ROLE] = role
        raise


async def schema_revision(connection: AsyncConnection) -> str | None:
    """Return the revision of the schema, None where no migration ran."""
    if await connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    revision: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


async def unguarded_tables(connection: AsyncConnection) -> list[str]:
    """Return the tables that row security does not bind everyone to, but for Alembic's own."""
    found = await connection.scalars(
        text(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname <> 'alembic_version'"
            " AND relnamespace::regnamespace::text IN ('public', 'jobs')"
            " AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY relname"
        )
    )
    return list(found)


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
    lost = asyncpg.InterfaceError | asyncpg.InternalClientError
    return isinstance(error, TimeoutError | PoolTimeoutError | OperationalError | lost)


DATABASE_ERRORS: Final[tuple[type[Exception], ...]] = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
"""What a lost or overloaded database looks like to the application."""
