"""Runs migrations over asyncpg. Migrations never import `app`."""

import asyncio
import os

from alembic import context
from sqlalchemy import make_url, pool, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from migrations.numbering import GO_ON

LOCK = 0x4A4F494E  # two migrations at once would collide half-way; the second waits
LOCK_TIMEOUT = "5s"

HAND_OVER = """
DO $$
DECLARE
  found regclass;
BEGIN
  IF NOT has_schema_privilege('joinder_owner', 'public', 'CREATE WITH GRANT OPTION') THEN
    GRANT USAGE, CREATE ON SCHEMA public TO joinder_owner WITH GRANT OPTION;
  END IF;
  FOR found IN
    SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace
      AND relkind = 'r' AND relowner = session_user::regrole
  LOOP
    EXECUTE format('ALTER TABLE %s OWNER TO joinder_owner', found);
  END LOOP;
END $$
"""
"""Gives the tables that a login owns, from before there were roles, to the owner."""


def run(connection: Connection) -> None:
    """Bring the schema to the asked revision in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=context.config.attributes.get("target_metadata"),
        compare_type=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text(HAND_OVER))
        connection.execute(text("SET LOCAL ROLE joinder_owner"))
        # a backfill that row security would silently cut short is an error
        connection.execute(text("SET LOCAL row_security = off"))
        context.run_migrations()
        connection.exec_driver_sql(GO_ON)


async def run_online() -> None:
    """Connect to the given database and run."""
    url = context.config.attributes.get("url") or os.environ["JOINDER_DATABASE_URL"]
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"), poolclass=pool.NullPool
    )
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


def run_offline() -> None:
    """Print the SQL, for review."""
    context.configure(dialect_name="postgresql", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run_offline()
elif (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    asyncio.run(run_online())
