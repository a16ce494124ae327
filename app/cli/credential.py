"""`joinder client-credential`: the machine clients of offices."""

import json
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from app.serving.installation import as_operator

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

Networks = Annotated[
    list[str] | None,
    typer.Option(help="A network it may call from, such as 192.0.2.0/24; repeat it. Any if none."),
]
app = typer.Typer(help="Register and revoke machine clients.", no_args_is_help=True)


@app.command()
def add(
    office: Annotated[str, typer.Argument(help="The office's code.")],
    public_key: Annotated[
        Path,
        typer.Option(
            exists=True, dir_okay=False, help="The public JWK from `joinder client init`."
        ),
    ],
    label: Annotated[str, typer.Option(help="What runs there.")] = "case-management export",
    network: Networks = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may do; repeat it. All unless given.")
    ] = None,
    expires_on: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="First day without it, at most two years ahead, which it is unless given.",
        ),
    ] = None,
) -> None:
    """Register the public key of an office's client and print its client id.

    Example: joinder client-credential add CA019000A --public-key client-key.jwk.json
    """
    from app.access.permissions import CLIENT_SCOPES  # noqa: PLC0415 -- keeps --help quick
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- as above
    from app.accounts import service  # noqa: PLC0415 -- as above
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above

    scopes = scope or list(CLIENT_SCOPES)
    if unknown := sorted(set(scopes) - set(CLIENT_SCOPES)):
        typer.echo(f"--scope {unknown[0]}: give one of {', '.join(CLIENT_SCOPES)}.", err=True)
        raise typer.Exit(2)
    try:
        jwk = json.loads(public_key.read_text())
    except ValueError:
        typer.echo(f"{public_key} is not JSON; give the public JWK.", err=True)
        raise typer.Exit(2) from None

    async def register(session: "AsyncSession") -> UUID:
        now = utc_now()
        client_id = await service.add_client(
            session,
            OPERATOR,
            office,
            jwk,
            label=label,
            now=now,
            scopes=scopes,
            networks=_checked_networks(network),
        )
        if expires_on is not None:
            await service.renew_client(
                session, OPERATOR, client_id, expires_on=expires_on.date(), now=now
            )
        return client_id

    typer.echo(as_operator(register))


@app.command()
def renew(
    client_id: Annotated[UUID, typer.Argument(help="The client id.")],
    expires_on: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%d"], help="First day without it, at most two years ahead."),
    ],
) -> None:
    """Say until when a client may call; its office is told 30 and 7 days before.

    Example: joinder client-credential renew 01980000-0000-7000-8000-00000000000a
    --expires-on 2027-12-31
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.accounts import service  # noqa: PLC0415 -- as above
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above

    day = expires_on.date()
    as_operator(
        lambda session: service.renew_client(
            session, OPERATOR, client_id, expires_on=day, now=utc_now()
        )
    )
    typer.echo(f"{client_id} may call until the day before {day}.")


@app.command()
def limit(
    client_id: Annotated[UUID, typer.Argument(help="The client id.")], network: Networks = None
) -> None:
    """Say from which networks a client may call, from its next request on; none means any.

    Example: joinder client-credential limit 01980000-0000-7000-8000-00000000000a
    --network 192.0.2.0/24
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.accounts import service  # noqa: PLC0415 -- as above

    networks = _checked_networks(network)
    as_operator(
        lambda session: service.limit_client(session, OPERATOR, client_id, networks=networks)
    )
    typer.echo(f"{client_id} may call from {', '.join(networks) or 'anywhere'}.")


@app.command("list")
def list_clients(
    office: Annotated[str | None, typer.Argument(help="Only of the office with this code.")] = None,
) -> None:
    """List the machine clients: id, office, label, since when, until when or revoked, scopes."""
    from app.accounts import queries  # noqa: PLC0415 -- keeps --help quick

    for row in as_operator(lambda session: queries.list_by_office(session, office)):
        revoked = row["revoked_at"]
        state = f"revoked {revoked:%Y-%m-%d}" if revoked else f"until {row['expires_on']}"
        since, scopes = f"{row['created_at']:%Y-%m-%d}", " ".join(row["scopes"])
        typer.echo("\t".join((str(row["id"]), row["office"], row["label"], since, state, scopes)))


@app.command()
def revoke(client_id: Annotated[UUID, typer.Argument(help="The client id.")]) -> None:
    """End a client's access: with its next request, at the evaluator within five minutes."""
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.accounts import service  # noqa: PLC0415 -- as above
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above

    as_operator(lambda session: service.revoke_client(session, OPERATOR, client_id, now=utc_now()))
    typer.echo(f"Revoked {client_id}.")


def _checked_networks(given: list[str] | None) -> list[str]:
    try:
        return [str(ip_network(text)) for text in given or ()]
    except ValueError:
        typer.echo("--network: give a network such as 192.0.2.0/24 or 2001:db8::/32.", err=True)
        raise typer.Exit(2) from None
