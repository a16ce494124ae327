"""Says why a server must not be trusted with data (SECURITY: start-up refuses unsafe settings)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

OLDEST_VERSION = 15

_REASONS = {
    "fsync": "fsync is off: a crash of the machine can corrupt the database.",
    "full_page_writes": "full_page_writes is off: a crash can leave half-written pages.",
    "synchronous_commit": "synchronous_commit is off: a crash loses acknowledged transactions.",
    "data_checksums": "data_checksums is off: damage on the disk would go unnoticed.",
}


async def check_durable(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """Return the reasons, as sentences, why this server or login is unsafe; empty when it is safe.

    It asks for the settings as this login and database see them.
    """
    off = await connection.fetchval(
        "SELECT array_agg(name) FROM pg_settings WHERE name = ANY($1::text[]) AND setting = 'off'",
        list(_REASONS),
    )
    reasons = [reason for name, reason in _REASONS.items() if name in (off or ())]
    is_superuser = await connection.fetchval(
        "SELECT rolsuper FROM pg_roles WHERE rolname = session_user"
    )
    if is_superuser:
        reasons.append("The login is a superuser: the service needs an ordinary role.")
    version = connection.get_server_version()
    if version.major < OLDEST_VERSION:
        reasons.append(
            f"The server is PostgreSQL {version.major}: {OLDEST_VERSION} or later is needed."
        )
    return reasons
