"""`joinder keys`: the secrets of an installation."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Make the keys of an installation.", no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Make the keys of an installation."""


@app.command()
def create(
    directory: Annotated[Path, typer.Argument(help="A directory that does not exist yet.")],
) -> None:
    """Make all keys of a new installation.

    Example: joinder keys create /var/lib/joinder/keys
    """
    from app.serving.keys import create_keys  # noqa: PLC0415 -- keeps --help quick

    if directory.exists():
        typer.echo(f"{directory} exists; keys are never overwritten.", err=True)
        raise typer.Exit(2)
    create_keys(directory)
    typer.echo(f"Made keys in {directory}.")
    typer.echo(
        f"Move {directory / 'offline' / 'rotation.key'} to a safe: the service never needs it."
    )
