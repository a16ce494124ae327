"""Where a command's failures end: one line that says what to do, and no traceback."""

import re
from collections.abc import Mapping
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

_ADVICE: Final = {
    "suppression-not-found": "Give an id that `joinder suppression list` prints.",
    "person-not-found": "Give the office's code and the account as the person signs in with it.",
}
"""What to do at the command line about an error, by its code, where the API's advice is of HTTP."""

_RULES: Final = {
    "missing": "Give it.",
    "string_too_short": "Give {min_length} or more characters.",
    "string_too_long": "Give at most {max_length} characters.",
    "too_short": "Give {min_length} or more.",
    "too_long": "Give at most {max_length}.",
    "greater_than_equal": "Give {ge} or more.",
    "greater_than": "Give more than {gt}.",
    "less_than_equal": "Give {le} or less.",
    "less_than": "Give less than {lt}.",
}
"""What to give, by the type of pydantic's error and with what it knows of the rule."""

_OTHERWISE: Final = "It is not of the right form; `--help` and the example there say which."
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
    from app.serving.process import StartError  # noqa: PLC0415 -- as above
    from app.serving.roles import RolesMissingError  # noqa: PLC0415 -- as above

    if isinstance(error, AppError):
        told = [error.title, _ADVICE.get(error.code, error.detail)]
        if where := error.extensions.get("status_now"):
            told.insert(1, f"It is {where.replace('_', ' ')}")
        return ". ".join(told)
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
        Exit: they break its rules; each option that does is a line on stderr. Exit status 2.
    """
    from pydantic import ValidationError  # noqa: PLC0415 -- keeps --help quick

    try:
        return schema(**fields)
    except ValidationError as error:
        wanted: dict[str, str] = {}
        for item in error.errors():
            option = str(item["loc"][0]) if item["loc"] else schema.__name__
            wanted.setdefault(option.replace("_", "-"), _wanted(item))
        for option, text in wanted.items():
            typer.echo(f"{option}: {text}", err=True)
        raise typer.Exit(2) from None


def _wanted(item: Mapping[str, Any]) -> str:
    """Return what to give instead of what broke a rule, which is not quoted."""
    known = item.get("ctx", {})
    if item["type"] in {"literal_error", "enum"}:
        choices = re.findall("'([^']*)'", known["expected"])
        return f"Give one of {', '.join(choices)}."
    if item["type"] == "value_error":
        return str(known["error"])  # a rule of our own, in our own words
    return _RULES.get(item["type"], _OTHERWISE).format(**known)
