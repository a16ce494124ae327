"""`joinder proposal`: what takes two operators, and who the one at this terminal is."""

import getpass
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from app.serving.installation import as_operator

if TYPE_CHECKING:
    from app.access.principal import Principal
    from app.proposals.schemas import Change

app = typer.Typer(help="Approve what another operator proposed.", no_args_is_help=True)


def operator() -> "Principal":
    """Return the operator at this terminal: JOINDER_OPERATOR, else the account on this machine."""
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick

    return replace(OPERATOR, actor=f"operator:{_name()}")


def _name() -> str:
    return os.environ.get("JOINDER_OPERATOR") or getpass.getuser()


def propose(change: "Change") -> None:
    """Propose a change, and print the command with which another operator approves it."""
    from app.core.clock import utc_now  # noqa: PLC0415 -- keeps --help quick
    from app.core.ids import public_id  # noqa: PLC0415 -- as above
    from app.proposals import service  # noqa: PLC0415 -- as above

    made = as_operator(lambda session: service.propose(session, operator(), change, now=utc_now()))
    typer.echo(
        f"Proposed by {_name()}. Within 24 hours another operator reads `joinder proposal list`"
        " and runs:",
        err=True,
    )
    key = public_id(service.PREFIX, made.id)
    typer.echo(f"joinder proposal approve {key} {service.digest_of(made)}")


@app.command("list")
def list_proposals() -> None:
    """List what waits for a second operator, each with the digest that approves it."""
    from app.core.clock import utc_now  # noqa: PLC0415 -- keeps --help quick
    from app.core.ids import public_id  # noqa: PLC0415 -- as above
    from app.proposals import queries, service  # noqa: PLC0415 -- as above

    for each in as_operator(lambda session: queries.list_waiting(session, now=utc_now())):
        key = public_id(service.PREFIX, each.id)
        typer.echo(f"{key}\t{each.proposed_by}\t{service.digest_of(each)}")
        typer.echo(json.dumps(each.change, indent=1))


@app.command()
def approve(
    proposal: Annotated[str, typer.Argument(help="Its id.")],
    digest: Annotated[str, typer.Argument(help="The digest of what you read.")],
) -> None:
    """Do what another operator proposed; you must not be the one who did.

    Example: joinder proposal approve prp_0198a3c0b1c27d3e8f90a1b2c3d4e5f6 9f86d081884c7d65...
    """
    from app.core.clock import utc_now  # noqa: PLC0415 -- keeps --help quick
    from app.core.ids import parse_public_id  # noqa: PLC0415 -- as above
    from app.proposals import service  # noqa: PLC0415 -- as above

    key = parse_public_id(service.PREFIX, proposal)
    done = as_operator(
        lambda session: service.approve(session, operator(), key, digest, now=utc_now())
    )
    typer.echo(f"Done: {done.change['action']} of {done.change['office']}.")
