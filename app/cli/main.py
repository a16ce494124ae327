"""The `joinder` command."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from app.cli import (
    access,
    canary,
    client,
    credential,
    keys,
    office,
    person,
    proposal,
    quota,
    state,
    suppression,
)
from app.cli.demo import demo
from app.cli.edge import Edge
from app.cli.nightly import nightly
from app.cli.outbox import outbox
from app.cli.serve import serve
from app.cli.worker import worker

app = typer.Typer(
    cls=Edge,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(is_asked: bool) -> None:  # noqa: FBT001 -- how typer calls back
    if is_asked:
        typer.echo(f"joinder {version('joinder')}")
        raise typer.Exit


@app.callback()
def main(
    *,
    is_version_asked: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the release and end."
        ),
    ] = False,
) -> None:
    """Joinder: deconfliction and joint handling for prosecutors."""


app.command()(demo)
app.command()(serve)
app.command()(worker)
app.command()(outbox)
app.command()(nightly)
app.add_typer(office.app, name="office")
app.add_typer(person.app, name="person")
app.add_typer(proposal.app, name="proposal")
app.add_typer(access.app, name="access")
app.add_typer(credential.app, name="client-credential")
app.add_typer(client.app, name="client")
app.add_typer(keys.app, name="keys")
app.add_typer(quota.app, name="quota")
app.add_typer(suppression.app, name="suppression")
app.add_typer(canary.app, name="canary")
app.add_typer(state.app, name="state")


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    from app.serving.installation import installation, migrate  # noqa: PLC0415 -- keeps --help quick

    with installation() as here:
        migrate(here.owner_url)
    typer.echo("The database has the newest schema.")


@app.command()
def roles(
    owner: Annotated[str, typer.Option(help="The login that owns the database.")] = "joinder",
    service: Annotated[
        str, typer.Option(help="The login of the registry's processes.")
    ] = "joinder_service",
) -> None:
    """Print the SQL that a superuser runs once on a server of your own.

    Example: joinder roles | sudo -u postgres psql
    """
    from app.serving.roles import statements  # noqa: PLC0415 -- keeps --help quick

    typer.echo(statements(owner, service), nl=False)


@app.command()
def rematch() -> None:
    """Find now what a process that was stopped left to find when a very common value became rare.

    The service does so by itself, at each start too.

    Example: joinder rematch
    """
    from app.rematching.backlog import finish_all  # noqa: PLC0415 -- keeps --help quick
    from app.serving.installation import as_matching_operator  # noqa: PLC0415 -- as above

    typer.echo(f"Matched {as_matching_operator(finish_all)} pairs of cases again.")


@app.command()
def openapi(
    out: Annotated[Path, typer.Option(help="Directory to write to.")] = Path("openapi"),
    problems: Annotated[Path, typer.Option(help="File to write the problems to.")] = Path(
        "docs/problems.md"
    ),
) -> None:
    """Write the OpenAPI documents of registry and evaluator, and the page of their problems."""
    import json  # noqa: PLC0415 -- keeps --help quick

    from app.core.problems import page  # noqa: PLC0415 -- as above
    from app.evaluator import main as evaluator  # noqa: PLC0415 -- as above
    from app.main import create_bare_app  # noqa: PLC0415 -- as above

    made = {"registry": create_bare_app(), "evaluator": evaluator.create_bare_app()}
    for name, built in made.items():
        text = json.dumps(built.openapi(), indent=1, ensure_ascii=False) + "\n"
        (out / f"{name}.json").write_text(text, encoding="utf-8")
    problems.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    app()
