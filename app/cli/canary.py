"""`joinder canary`: values that no case holds, and who used one."""

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app.serving.installation import as_matching_operator, as_operator

if TYPE_CHECKING:
    from app.core.db import Sessions
    from app.overlaps.keyring import Keyring

app = typer.Typer(help="Set values that no case holds; tell who used one.", no_args_is_help=True)

Office = Annotated[str, typer.Argument(help="Code of the office that they are for.")]


@app.command()
def add(
    office: Office,
    until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="First day without it; two years at most")
    ],
) -> None:
    """Set canaries for an office: tokens on standard input, from `joinder client elements`.

    Example: joinder client elements office --kind tel < canaries.txt
    | joinder canary add CA019000A --until 2027-03-01
    """
    from pydantic import ValidationError  # noqa: PLC0415 -- keeps --help quick

    from app.access.principal import OPERATOR  # noqa: PLC0415 -- as above
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above
    from app.core.db import transaction  # noqa: PLC0415 -- as above
    from app.suppressing import canaries  # noqa: PLC0415 -- as above
    from app.suppressing.errors import SuppressionStandsError  # noqa: PLC0415 -- as above
    from app.suppressing.schemas import ValueSent  # noqa: PLC0415 -- as above

    chosen = {"expires_on": until.date().isoformat()}
    try:
        values = [
            ValueSent.model_validate({**json.loads(line), **chosen})
            for line in sys.stdin
            if line.strip()
        ]
    except (ValidationError, ValueError, TypeError):
        typer.echo("Give the lines that `joinder client elements` prints.", err=True)
        raise typer.Exit(2) from None

    async def act(sessions: "Sessions", keyring: "Keyring") -> None:
        for value in values:
            try:
                async with transaction(sessions, OPERATOR) as session:
                    key = await canaries.add_canary(
                        session, OPERATOR, keyring, office, value, now=utc_now()
                    )
            except SuppressionStandsError:
                typer.echo(f"{value.kind}: is a canary already")
            else:
                typer.echo(f"{key}\t{value.kind}")

    as_matching_operator(act)


@app.command()
def end(
    office: Office,
    canary: Annotated[str, typer.Argument(help="Its id, cny_..., from `joinder canary list`.")],
) -> None:
    """End a canary of an office; its alarms stay."""
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above
    from app.core.db import transaction  # noqa: PLC0415 -- as above
    from app.core.ids import parse_public_id  # noqa: PLC0415 -- as above
    from app.suppressing import canaries  # noqa: PLC0415 -- as above
    from app.suppressions.rows import CANARY  # noqa: PLC0415 -- as above

    key = parse_public_id(CANARY, canary)

    async def act(sessions: "Sessions", keyring: "Keyring") -> None:
        async with transaction(sessions, OPERATOR) as session:
            await canaries.end_canary(session, OPERATOR, keyring, office, key, now=utc_now())

    as_matching_operator(act)
    typer.echo(f"Ended {canary}.")


@app.command("list")
def list_canaries(office: Office) -> None:
    """List the canaries of an office, newest first, and how often each was used."""
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.core.ids import public_id  # noqa: PLC0415 -- as above
    from app.identifiers.kinds import KINDS_BY_CODE  # noqa: PLC0415 -- as above
    from app.suppressing import canaries  # noqa: PLC0415 -- as above
    from app.suppressions.rows import CANARY  # noqa: PLC0415 -- as above

    for row in as_operator(lambda session: canaries.list_canaries(session, OPERATOR, office)):
        kind = KINDS_BY_CODE[row["kind"]].name
        key = public_id(CANARY, row["id"])
        typer.echo(f"{key}\t{kind}\t{row['expires_on']}\t{row['alarms']} alarms")


@app.command()
def alarms(
    since: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="First day, UTC.")
    ] = datetime(2000, 1, 1),  # noqa: DTZ001 -- a day, before there was anything
) -> None:
    """List who used a canary, oldest first, and whom to reach in both offices.

    Each line: when, canary, its office and contact, the office that used it and contact, the case.

    Example: joinder canary alarms --since 2026-11-01
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.core.ids import public_id  # noqa: PLC0415 -- as above
    from app.suppressing import canaries  # noqa: PLC0415 -- as above
    from app.suppressions.rows import CANARY  # noqa: PLC0415 -- as above

    start = since.replace(tzinfo=UTC)
    for row in as_operator(lambda session: canaries.list_alarms(session, OPERATOR, since=start)):
        named = (row[name] for name in ("owner", "owner_email", "office", "office_email"))
        typer.echo(
            "\t".join(
                [
                    row["raised_at"].isoformat(timespec="seconds"),
                    public_id(CANARY, row["canary_id"]),
                    *named,
                    str(row["case_id"]),
                ]
            )
        )
