"""`joinder quota`: what offices may have evaluated."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from app.cli.proposal import propose

app = typer.Typer(help="Let offices have more evaluated for a time.", no_args_is_help=True)


@app.callback()
def quota() -> None:
    """Let offices have more evaluated for a time."""


@app.command("open-import")
def open_import(
    code: Annotated[str, typer.Argument(help="The office's code.")],
    elements: Annotated[int, typer.Option(min=1, help="How many elements of each class.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day without it.")],
    key_class: Annotated[
        list[str] | None, typer.Option(help="Only this class; may be repeated.")
    ] = None,
) -> None:
    """Propose an allowance for an office's backlog; its daily one stays beside it.

    A person with a date of birth needs about 12 elements of the class person.

    Example: joinder quota open-import CA019000A --elements 120000 --until 2026-12-01
    """
    from app.core.clock import utc_now  # noqa: PLC0415 -- keeps --help quick
    from app.identifiers.kinds import KEY_CLASSES  # noqa: PLC0415 -- as above
    from app.proposals.schemas import ImportChange  # noqa: PLC0415 -- as above
    from app.quotas import service  # noqa: PLC0415 -- as above

    now, ends_at = utc_now(), until.replace(tzinfo=UTC)
    if not now < ends_at <= now + service.LONGEST_IMPORT or set(key_class or ()) - {*KEY_CLASSES}:
        typer.echo(
            f"Give a day within {service.LONGEST_IMPORT.days} days, and classes of "
            f"{', '.join(KEY_CLASSES)}.",
            err=True,
        )
        raise typer.Exit(2)
    classes = tuple(key_class or KEY_CLASSES)
    propose(ImportChange(office=code, elements=elements, ends_at=ends_at, key_classes=classes))
