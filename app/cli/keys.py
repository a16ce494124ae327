"""`joinder keys`: the secrets of an installation."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from app.cli.progress import progress

app = typer.Typer(help="Make and change the keys of an installation.", no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Make and change the keys of an installation."""


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


@app.command()
def rotate(
    rotation_key: Annotated[
        Path | None,
        typer.Option(help="The key from the safe; offline/rotation.key if not given."),
    ] = None,
    grace_hours: Annotated[
        float, typer.Option(min=0, max=24 * 14, help="How long posts under the old keys are taken.")
    ] = 24,
    *,
    finish: Annotated[
        bool, typer.Option("--finish", help="Only end the old keys; refused while they are taken.")
    ] = False,
) -> None:
    """Give the installation new keys and lift its tokens to them, without the offices.

    Run it on the operator's machine, which has every key directory while it runs. Posts go on.
    Interrupted, it goes on where it was when started again. After the time of grace run it once
    more: it destroys the old keys.

    Example: joinder keys rotate --rotation-key /media/safe/rotation.key
    """
    from app.core.db import JOBS, create_engine, create_sessions  # noqa: PLC0415 -- keeps --help quick
    from app.rotation.steps import Steps  # noqa: PLC0415 -- as above
    from app.serving.installation import installation  # noqa: PLC0415 -- as above

    async def run(url: str, directory: Path) -> None:
        engine = create_engine(url, pool_size=2, role=JOBS)
        steps = Steps(
            create_sessions(engine),
            directory,
            rotation_key or directory / "offline" / "rotation.key",
            timedelta(hours=grace_hours),
            typer.echo,
        )
        try:
            with progress("subject", quiet=True) as tell:
                await (steps.finish() if finish else steps.run(tell))
        finally:
            await engine.dispose()

    with installation() as here:
        asyncio.run(run(here.owner_url, here.keys))


@app.command("match-specs")
def match_specs() -> None:
    """Show how many subjects of each office are under which match specification.

    Example: joinder keys match-specs
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.identifiers.kinds import MATCH_SPEC_NUMBER  # noqa: PLC0415 -- as above
    from app.rotation import service  # noqa: PLC0415 -- as above
    from app.serving.installation import as_operator  # noqa: PLC0415 -- as above

    for code, counts in as_operator(lambda session: service.list_match_specs(session, OPERATOR)):
        total = sum(counts.values())
        older = total - counts.get(MATCH_SPEC_NUMBER, 0)
        shown = ", ".join(f"v{number}: {count}" for number, count in counts.items()) or "none"
        share = f"{100 * older / total:.0f} % still on an older one" if total else ""
        typer.echo(f"{code}\t{shown}\t{share}".rstrip())
