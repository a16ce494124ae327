"""Bare connections that act as one role of the database, for one caller or for none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg

from app.access.permissions import Permission
from app.access.principal import Principal
from app.core.db import Caller
from tests.factories import OfficeClient, Registry


async def office_id(registry: Registry, client: OfficeClient) -> int:
    """Return the key of the client's office."""
    ((key,),) = await registry.rows("SELECT id FROM offices WHERE code = :code", code=client.code)
    return int(key)


async def client_of(registry: Registry, client: OfficeClient) -> Principal:
    """Return who a machine client is to the database."""
    key = await office_id(registry, client)
    return Principal("test", key, frozenset(Permission), client_id=UUID(client.client_id))


async def context(connection: asyncpg.Connection, caller: Caller) -> None:
    """Let the connection's transaction act for `caller`, as `app.core.db` does."""
    await connection.execute(
        "SELECT set_config('joinder.office', $1, true), set_config('joinder.client', $2, true),"
        " set_config('joinder.person', $3, true), set_config('joinder.roles', $4, true)",
        str(caller.office_id),
        *(None if key is None else str(key) for key in (caller.client_id, caller.person_id)),
        ",".join(caller.roles),
    )


@asynccontextmanager
async def acting(
    url: str, role: str, office: int | None = None
) -> AsyncIterator[asyncpg.Connection]:
    """Yield a connection that has become `role`; its changes are rolled back."""
    settings = {"role": role} | (
        {} if office is None else {"joinder.office": str(office), "joinder.roles": "client"}
    )
    connection = await asyncpg.connect(url, server_settings=settings)
    change = connection.transaction()
    await change.start()
    try:
        yield connection
    finally:
        await change.rollback()
        await connection.close()


async def refused(connection: asyncpg.Connection, statement: str, *values: Any) -> bool:
    """Return whether the database refuses the right, or the row, of a statement; undo it."""
    attempt = connection.transaction()
    await attempt.start()
    try:
        await connection.execute(statement, *values)
    except (
        asyncpg.InsufficientPrivilegeError,
        asyncpg.CheckViolationError,
        asyncpg.UniqueViolationError,
    ):
        return True
    finally:
        await attempt.rollback()
    return False


async def be(connection: asyncpg.Connection, role: str, person: UUID) -> None:
    """Let the rest of the transaction act for a person with a role."""
    await connection.execute(
        "SELECT set_config('joinder.roles', $1, true), set_config('joinder.person', $2, true)",
        role,
        str(person),
    )
