"""`joinder upkeep`: what is to be done every day and by nobody in particular."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

import typer

from app.serving.installation import with_sessions

if TYPE_CHECKING:
    from app.core.db import Sessions

BATCH: Final = 500
"""How many items a step handles in one transaction."""

Step = Callable[..., Awaitable[int]]


def upkeep() -> None:
    """Disable idle people, delete ended sign-ins, raise alarms; safe to stop and to repeat.

    Each line tells how many. Exit status is 0 whatever is found.
    """
    from app.core.clock import utc_now  # noqa: PLC0415 -- keeps --help quick
    from app.defendants import service as defendants  # noqa: PLC0415 -- as above
    from app.infusion import service as infusion  # noqa: PLC0415 -- as above
    from app.people import upkeep as people  # noqa: PLC0415 -- as above
    from app.sharing import glass  # noqa: PLC0415 -- as above

    steps: dict[str, Step] = {
        "people disabled for idleness": people.disable_idle,
        "ended sign-ins, challenges and counts deleted": people.purge_ended,
        "overdue reviews of emergency reading alarmed": glass.raise_alarms,
        "cases whose defendants left the feed": defendants.end_expired,
        "questions to desks expired": infusion.expire_questions,
    }
    for name, count in with_sessions(lambda sessions: _run(sessions, steps, utc_now())).items():
        typer.echo(f"{count}\t{name}")


async def _run(sessions: "Sessions", steps: dict[str, Step], now: datetime) -> dict[str, int]:
    from app.access.principal import OPERATOR  # noqa: PLC0415 -- keeps --help quick
    from app.core.db import transaction  # noqa: PLC0415 -- as above

    done = dict.fromkeys(steps, 0)
    for name, step in steps.items():
        more = True
        while more:
            async with transaction(sessions) as session:
                count = await step(session, OPERATOR, now=now, limit=BATCH)
            done[name] += count
            more = count > 0
    return done
