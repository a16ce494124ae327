"""`joinder suppression`: the operator's entries, for all offices."""

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.edge import checked
from app.serving.installation import as_matching_operator, as_operator

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.core.db import Sessions
    from app.overlaps.keyring import Keyring
    from app.suppressing.schemas import SuppressionRead

app = typer.Typer(help="Suppress values for all offices.", no_args_is_help=True)

PAGE = 100


@app.command()
def add(
    mode: Annotated[str, typer.Option(help="inform, down_weight or block.")],
    reason: Annotated[
        str,
        typer.Option(
            help="hotline, service_provider, shelter, court_or_agency, public_place or other."
        ),
    ],
    until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="First day without it; two years at most")
    ],
) -> None:
    """Suppress values for all offices: tokens on standard input, from `joinder client elements`.

    Example: joinder client elements office --kind tel < hotlines.txt
    | joinder suppression add --mode block --reason hotline --until 2027-03-01
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above
    from app.core.db import transaction  # noqa: PLC0415 -- as above
    from app.rematching import backlog  # noqa: PLC0415 -- as above
    from app.suppressing import service  # noqa: PLC0415 -- as above
    from app.suppressing.errors import SuppressionStandsError  # noqa: PLC0415 -- as above
    from app.suppressing.schemas import SuppressionAdd  # noqa: PLC0415 -- as above

    chosen = {"mode": mode, "reason": reason, "scope": "all"}
    chosen |= {"expires_on": until.date().isoformat()}
    try:
        entries = [
            checked(SuppressionAdd, **{**json.loads(line), **chosen})
            for line in sys.stdin
            if line.strip()
        ]
    except (ValueError, TypeError):
        typer.echo("Give the lines that `joinder client elements` prints.", err=True)
        raise typer.Exit(2) from None

    async def act(sessions: "Sessions", keyring: "Keyring") -> None:
        for entry in entries:
            try:
                async with transaction(sessions, OPERATOR) as session:
                    read = await service.add_suppression(
                        session, OPERATOR, keyring, entry, now=utc_now()
                    )
            except SuppressionStandsError:
                typer.echo(f"{entry.kind}: on the list already")
            else:
                typer.echo(f"{read.id}\t{read.kind}")
        await backlog.finish_all(sessions, keyring)

    as_matching_operator(act)


@app.command()
def end(
    entry: Annotated[str, typer.Argument(help="Its id, sup_..., from `joinder suppression list`.")],
) -> None:
    """End an entry that applies to all: overlaps that it held back are found again."""
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above
    from app.core.db import transaction  # noqa: PLC0415 -- as above
    from app.core.ids import parse_public_id  # noqa: PLC0415 -- as above
    from app.rematching import backlog  # noqa: PLC0415 -- as above
    from app.suppressing import service  # noqa: PLC0415 -- as above

    key = parse_public_id(service.PREFIX, entry)

    async def act(sessions: "Sessions", keyring: "Keyring") -> None:
        async with transaction(sessions, OPERATOR) as session:
            await service.end_suppression(session, OPERATOR, keyring, key, now=utc_now())
        await backlog.finish_all(sessions, keyring)

    as_matching_operator(act)
    typer.echo(f"Ended {entry}.")


@app.command("list")
def list_entries() -> None:
    """List the entries that apply to all, newest first."""
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.suppressing import service  # noqa: PLC0415 -- as above

    async def act(session: "AsyncSession") -> list["SuppressionRead"]:
        found: list[SuppressionRead] = []
        before: UUID | None = None
        while page := await service.list_suppressions(session, OPERATOR, before=before, limit=PAGE):
            before = page[-1][0]
            found += [read for _, read in page]
        return found

    for read in as_operator(act):
        typer.echo(f"{read.id}\t{read.kind}\t{read.mode}\t{read.reason}\t{read.expires_on}")
