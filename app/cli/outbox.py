"""`joinder outbox`: how queues and the schedule fare, for the operator and the monitoring."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.serving.installation import as_operator

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncSession

LATE_AFTER: Final = timedelta(minutes=10)


def outbox(
    again: Annotated[  # noqa: FBT002 -- a flag
        bool, typer.Option("--again", help="Send the mails that were given up once more, first.")
    ] = False,
) -> None:
    """Tell how many messages and mails wait, since when, and how many were given up.

    A line for each: name, waiting, since when the oldest is due, given up. The third one is of the
    schedule of the nightly run, of which something waits when no `joinder serve` takes it, and the
    fourth of the runs themselves, whoever starts them: one waits when none began for 26 hours, or
    came to its end for 50. Exit
    status is 1 when one is late by more than ten minutes, or was given up in the last 30 days.

    With `--again` the mails that were given up are put into the outbox once more, when what was
    wrong is mended; an office's administrators do the same with each message of a webhook.

    Example: joinder outbox --again
    """
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above
    from app.jobs import queries as jobs  # noqa: PLC0415 -- as above
    from app.mails.queries import MAILS  # noqa: PLC0415 -- as above
    from app.notices import upkeep  # noqa: PLC0415 -- as above
    from app.outbox import queries  # noqa: PLC0415 -- as above
    from app.webhooks.queries import DELIVERIES  # noqa: PLC0415 -- as above

    async def read(session: "AsyncSession") -> "dict[str, RowMapping]":
        if again:
            await upkeep.send_again(session, OPERATOR, now=utc_now())
        return {
            "webhooks": await queries.get_health(session, DELIVERIES),
            "mail": await queries.get_health(session, MAILS),
            "schedule": await jobs.get_schedule_health(session),
            "nights": await jobs.get_nights_health(session, now=utc_now()),
        }

    is_bad, late = False, utc_now() - LATE_AFTER
    for name, found in as_operator(read).items():
        oldest = found["oldest_due_at"]
        typer.echo(f"{name}\t{found['waiting']}\t{oldest or '-'}\t{found['dead']}")
        is_bad |= bool(found["dead"]) or (oldest is not None and oldest < late)
    if is_bad:
        raise typer.Exit(1)
