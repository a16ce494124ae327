"""Where a command's failures end: one line that says what to do, and no traceback."""

from typing import Any, Final, TypeVar

import typer
from typer.core import TyperGroup

Model = TypeVar("Model")
_REASONS: Final = (
    ("28", "The database refuses this user or password."),
    ("3D", "The database that JOINDER_DATABASE_URL names does not exist."),
    ("42P01", "The database has no tables yet: run `joinder migrate`."),
    ("42703", "The schema is older than this release: run `joinder migrate`."),
    ("22023", "The server lacks Joinder's roles: run `joinder migrate`."),
    ("42501", "The database user may not do this: see docs/operating.md."),
)
"""Beginnings of SQLSTATE codes (PostgreSQL, appendix A) and what an operator does about each."""

_AWAY: Final = "The database does not answer. Check JOINDER_DATABASE_URL, and that it runs."


class Edge(TyperGroup):
    """The commands; whatever they raise that an operator can mend is one line on stderr."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that `ctx` names."""
        try:
            return super().invoke(ctx)
        except Exception as error:  # the edge of the program
            advice = explain(error)
            if advice is None:
                raise
            typer.echo(advice, err=True)
            raise typer.Exit(1) from None


def explain(error: BaseException) -> str | None:
    """Return what is wrong and what to do; None where only a developer can tell.

    It quotes nothing of a database URL, which holds a password.
    """
    import asyncpg  # noqa: PLC0415 -- only on the way out
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 -- as above

    from app.core.db import DatabaseUrlError, is_passing  # noqa: PLC0415 -- as above
    from app.core.errors import AppError  # noqa: PLC0415 -- as above
    from app.core.keyfiles import KeyFileError  # noqa: PLC0415 -- as above
    from app.postgres.errors import EmbeddedPostgresError  # noqa: PLC0415 -- as above
    from app.serving.installation import InstallationError  # noqa: PLC0415 -- as above
    from app.serving.roles import RolesMissingError  # noqa: PLC0415 -- as above
    from app.serving.supervisor import StartError  # noqa: PLC0415 -- as above

    if isinstance(error, AppError):
        return f"{error.title}. {error.detail}"
    if isinstance(
        error,
        DatabaseUrlError
        | KeyFileError
        | EmbeddedPostgresError
        | InstallationError
        | RolesMissingError
        | StartError,
    ):
        return str(error)
    if isinstance(error, DBAPIError) and error.orig is not None:
        return explain(error.orig.__cause__ or error.orig)
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return next((text for code, text in _REASONS if state.startswith(code)), None)
    if isinstance(error, OSError) and is_passing(error):
        return _AWAY
    return None


def checked(schema: type[Model], **fields: object) -> Model:
    """Return the options of a command as what the service takes.

    Raises:
        Exit: they break its rules; each that does is a line on stderr. Exit status 2.
    """
    from pydantic import ValidationError  # noqa: PLC0415 -- keeps --help quick

    try:
        return schema(**fields)
    except ValidationError as error:
        for item in error.errors():
            place = ".".join(map(str, item["loc"])) or schema.__name__
            typer.echo(f"{place.replace('_', '-')}: {item['msg']}", err=True)
        raise typer.Exit(2) from None
