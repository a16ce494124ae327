"""What the commands of `joinder client` have in common: where an office is, and how they end."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:  # the client's libraries load with the first command, so that --help is quick
    from app.client.config import ClientConfig

_INTERRUPTED = 130

Directory = Annotated[
    Path, typer.Argument(help="Directory with joinder-client.toml and the private key.")
]


def complete(config: "ClientConfig") -> "ClientConfig":
    """Return the configuration of an office that can sign in.

    Raises:
        UsageError: it has no client id yet.
    """
    from app.client.errors import UsageError  # noqa: PLC0415 -- keeps --help quick

    if not config.client_id:
        raise UsageError(
            "client-id-absent", "No client id yet. Run: joinder client pin DIR --client-id ID"
        )
    return config


@contextmanager
def errors() -> Iterator[None]:
    """Turn the client's errors into a sentence and an exit status, without a traceback."""
    from app.client.errors import ClientError  # noqa: PLC0415 -- keeps --help quick

    try:
        yield
    except ClientError as error:
        fail(f"{error.code}: {error}", error.exit_code)
    except KeyboardInterrupt:
        fail("Interrupted. Run the same command again to go on from here.", _INTERRUPTED)


def say(text: str) -> None:
    """Print a line that is no output of the command."""
    print(text, file=sys.stderr)


def fail(text: str, status: int) -> NoReturn:
    """End the command with a line and a status."""
    say(text)
    raise typer.Exit(status)
