"""The roles of the database server, which a superuser makes once (docs/operating.md)."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from app.postgres.server import EmbeddedServer

ROLES: Final = Path(__file__).parents[2] / "migrations/roles.sql"
SERVICE: Final = "joinder_service"
"""The login of the registry's processes on an embedded server."""

_OF_OWNER: Final = "joinder_owner, joinder_jobs, joinder_backup, joinder_app, joinder_matcher"
_OF_SERVICE: Final = "joinder_app, joinder_matcher"
_LACKING: Final = """
SELECT array_agg(r.name) FROM unnest($1::text[]) AS r (name)
WHERE to_regrole(r.name) IS NULL OR NOT pg_has_role(session_user, to_regrole(r.name), 'MEMBER')
"""


class RolesMissingError(RuntimeError):
    """The login lacks roles that the schema needs; says what a superuser has to run."""

    def __init__(self, login: str) -> None:
        super().__init__(
            "The database server lacks Joinder's roles, or this login is not one of them. Let a "
            f"superuser run, once: joinder roles --owner {login} --service {login} | psql "
            "(docs/operating.md says how to use two logins)."
        )


def statements(owner: str, service: str) -> str:
    """Return the SQL that makes the roles and gives them to two logins, or to one for both."""
    return (
        f"{ROLES.read_text(encoding='utf-8')}"
        f"GRANT {_OF_OWNER} TO {_quoted(owner)};\n"
        f"GRANT {_OF_SERVICE} TO {_quoted(service)};\n"
    )


async def require(url: str) -> None:
    """Make sure that the login of `url` may migrate, making the roles if it is a superuser.

    Raises:
        RolesMissingError: it may not, and cannot help it.
    """
    import asyncpg  # noqa: PLC0415 -- slow to import

    from app.core.db import arguments_of  # noqa: PLC0415 -- as above

    connection = await asyncpg.connect(**arguments_of(url))
    try:
        if await connection.fetchval(_LACKING, _OF_OWNER.split(", ")):
            login = await connection.fetchval("SELECT session_user")
            try:
                await connection.execute(statements(login, login))
            except asyncpg.InsufficientPrivilegeError:
                raise RolesMissingError(login) from None
    finally:
        await connection.close()


async def prepare(server: "EmbeddedServer") -> str:
    """Make roles and logins of an embedded server where absent; return the service's URL."""
    import asyncpg  # noqa: PLC0415 -- slow to import

    layout = server.layout
    connection = await asyncpg.connect(server.superuser_url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(1246710094)")
            if await connection.fetchval("SELECT to_regrole($1)", SERVICE) is None:
                password = layout.write_secret(layout.service_password)
                await connection.execute(
                    f"CREATE ROLE {SERVICE} LOGIN NOINHERIT PASSWORD '{password}'"
                )
            await connection.execute(statements("joinder", SERVICE))
    finally:
        await connection.close()
    return server.url_of(SERVICE, layout.service_password)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
