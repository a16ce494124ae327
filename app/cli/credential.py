"""`joinder client-credential`: the machine clients of offices."""

import json
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from app.serving.installation import as_operator

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
) -> None:
    """Register the public key of an office's client and print its client id.

    Example: joinder client-credential add CA0190000A --public-key client-key.jwk.json
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.accounts import service  # noqa: PLC0415 -- as above
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above

    try:
        jwk = json.loads(public_key.read_text())
    except ValueError:
        typer.echo(f"{public_key} is not JSON; give the public JWK.", err=True)
        raise typer.Exit(2) from None
    client_id = as_operator(
        lambda session: service.add_client_credential(
            session, OPERATOR, office, jwk, label=label, now=utc_now()
        )
    )
    typer.echo(client_id)


@app.command()
def revoke(client_id: Annotated[UUID, typer.Argument(help="The client id.")]) -> None:
    """End a client's access: with its next request, at the evaluator within ten minutes."""
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.accounts import service  # noqa: PLC0415 -- as above
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above

    as_operator(
        lambda session: service.revoke_client_credential(
            session, OPERATOR, client_id, now=utc_now()
        )
    )
    typer.echo(f"Revoked {client_id}.")
