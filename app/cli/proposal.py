"""`joinder proposal`: what takes two persons, and which operator is at this terminal."""

import getpass
import json
import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from app.serving.installation import as_operator, in_transaction, installation

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.access.principal import Principal
    from app.proposals.models import Proposal
    from app.proposals.schemas import Change

app = typer.Typer(help="Approve what somebody else proposed.", no_args_is_help=True)


def operator() -> "Principal":
    """Return the operator at this terminal: JOINDER_OPERATOR, else the account on this machine."""
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick

    return replace(OPERATOR, actor=f"operator:{_name()}")


def _name() -> str:
    return os.environ.get("JOINDER_OPERATOR") or getpass.getuser()


def propose(change: "Change") -> None:
    """Propose a change, and print the command with which another operator approves it."""
    from app.core.clock import utc_now  # noqa: PLC0415 -- keeps --help quick
    from app.proposals import service  # noqa: PLC0415 -- as above

    made = as_operator(lambda session: service.propose(session, operator(), change, now=utc_now()))
    typer.echo(
        f"Proposed by {_name()}. Within 24 hours another operator reads `joinder proposal list`"
        " and runs:",
        err=True,
    )
    typer.echo(f"joinder proposal approve {service.read_id(made)} {service.digest_of(made)}")


@app.command("list")
def list_proposals() -> None:
    """List what waits for an operator's approval: its id, who proposed it, digest, until when.

    It has `ended` in place of that time where who proposed it may propose it no longer.
    """
    from app.core.clock import utc_now  # noqa: PLC0415 -- keeps --help quick
    from app.proposals import service  # noqa: PLC0415 -- as above

    for each in as_operator(
        lambda session: service.list_for_operator(session, operator(), now=utc_now())
    ):
        made = each.proposal
        until = "ended" if each.is_ended else made.expires_at.isoformat(timespec="minutes")
        typer.echo(
            f"{service.read_id(made)}\t{made.proposed_by}\t{service.digest_of(made)}\t{until}"
        )
        typer.echo(json.dumps(made.change, indent=1))


@app.command()
def approve(
    proposal: Annotated[str, typer.Argument(help="Its id.")],
    digest: Annotated[str, typer.Argument(help="The digest of what you read.")],
) -> None:
    """Show what another operator, or somebody of an office, proposed, and do it.

    Example: joinder proposal approve prp_0198a3c0b1c27d3e8f90a1b2c3d4e5f6 9f86d081884c7d65...
    """
    from app.core.clock import utc_now  # noqa: PLC0415 -- keeps --help quick
    from app.core.ids import parse_public_id  # noqa: PLC0415 -- as above
    from app.core.settings import RegistrySettings  # noqa: PLC0415 -- as above
    from app.proposals import queries, service  # noqa: PLC0415 -- as above

    key = parse_public_id(service.PREFIX, proposal)

    async def show_and_approve(session: "AsyncSession", *, allow_loopback: bool) -> "Proposal":
        found = await queries.get_proposal(session, key)
        typer.echo(json.dumps(found.change, indent=1))
        return await service.approve(
            session, operator(), key, digest, now=utc_now(), allow_loopback=allow_loopback
        )

    with installation(may_begin=False) as here:
        settings = RegistrySettings.model_validate(
            {"database_url": here.owner_url, "keys": here.keys}
        )
        act = partial(show_and_approve, allow_loopback=settings.allow_loopback_providers)
        done = in_transaction(here, act)
    typer.echo(f"Done: {done.change['action']} of {done.change['office']}.")
