"""`joinder nightly`: what is to be done every night, once; for cron, a timer or by hand."""

import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.core.ids import public_id
from app.serving.installation import as_nightly, as_operator

if TYPE_CHECKING:
    from app.cases.registering import Intake
    from app.core.db import Sessions
    from app.jobs.nightly import Done, Report

TRY_AGAIN: Final = 75
"""Exit status when another run is under way (EX_TEMPFAIL of sysexits.h)."""


def nightly(
    office: Annotated[
        str | None, typer.Option(help="Code of one office: only what concerns it.")
    ] = None,
    date: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="As at the end of this day, UTC; not a later one."),
    ] = None,
    step: Annotated[
        list[str] | None, typer.Option(help="Only this step; may be given more than once.")
    ] = None,
    full: Annotated[  # noqa: FBT002 -- a flag
        bool, typer.Option("--full", help="Recount all overlaps, not only those of new posts.")
    ] = False,
    dry_run: Annotated[  # noqa: FBT002 -- as above
        bool, typer.Option("--dry-run", help="Try each step and undo it.")
    ] = False,
    show: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Do nothing; show a run, by its id or `last`."),
    ] = None,
) -> None:
    """Do what is due: expiries, purges, recount, alarms. Safe to stop and to repeat.

    Each line tells how many items a step handled, how many the last whole run did, the seconds and
    the step, and why it failed or, of one office, was left out. A dry run tries a step for two
    seconds; `+` behind a count says that there is more. Log lines go to standard error, and of a
    dry run say `nightly --dry-run`. Exit status is 1 when a step failed, 75 when another run is
    under way.

    Example: joinder nightly --dry-run
    """
    if show is not None:
        raise typer.Exit(_show(show))
    import structlog  # noqa: PLC0415 -- keeps --help quick

    from app.core import logging  # noqa: PLC0415 -- as above
    from app.core.clock import utc_now  # noqa: PLC0415 -- as above
    from app.jobs.errors import RunUnderWayError  # noqa: PLC0415 -- as above

    if not structlog.is_configured():  # else they would stand among the lines of the output
        logging.configure("nightly --dry-run" if dry_run else "nightly")
    as_of = utc_now()
    if date is not None:
        as_of = min(as_of, datetime.combine(date, time.max, UTC))

    async def act(sessions: "Sessions", intake: "Intake") -> "list[Done]":
        from app.core.db import transaction  # noqa: PLC0415 -- as above
        from app.jobs.nightly import run  # noqa: PLC0415 -- as above
        from app.jobs.steps import steps  # noqa: PLC0415 -- as above
        from app.offices.queries import get_office  # noqa: PLC0415 -- as above

        office_id = None
        if office is not None:
            async with transaction(sessions) as session:
                office_id = (await get_office(session, office)).id
        every = steps(intake, is_full=full)
        unknown = set(step or ()) - {each.name for each in every}
        if unknown:
            names = ", ".join(each.name for each in every)
            raise typer.BadParameter(f"There is no {', '.join(sorted(unknown))} among {names}.")
        chosen = [each for each in every if not step or each.name in step]
        with shown() as report:
            return await run(
                sessions,
                chosen,
                as_of=as_of,
                office_id=office_id,
                is_dry=dry_run,
                is_whole=len(chosen) == len(every),
                report=report,
            )

    try:
        done = as_nightly(act)
    except RunUnderWayError as error:
        typer.echo(f"{error.title}. {error.detail}", err=True)
        raise typer.Exit(TRY_AGAIN) from None
    for each in done:
        typer.echo(
            _line(
                each.counted,
                each.before,
                each.milliseconds,
                each.step,
                _why(each.error, each.reason),
            )
        )
    if any(each.error for each in done):
        raise typer.Exit(1)


def _show(run: str) -> int:
    """Print the record of a run, with what concerned which office; return the exit status."""
    from sqlalchemy.ext.asyncio import AsyncSession  # noqa: PLC0415 -- keeps --help quick

    from app.core.ids import parse_public_id  # noqa: PLC0415 -- as above
    from app.jobs import queries  # noqa: PLC0415 -- as above
    from app.jobs.nightly import counted  # noqa: PLC0415 -- as above
    from app.jobs.service import PREFIX  # noqa: PLC0415 -- as above

    async def read(session: AsyncSession) -> list[str] | None:
        run_id = None if run == "last" else parse_public_id(PREFIX, run)
        found = await queries.get_run(session, run_id) if run == "last" or run_id else None
        if found is None:
            return None
        before = await queries.get_last_counts(session, found["office_id"], before=found["id"])
        offices: dict[int, list[str]] = defaultdict(list)
        for each in await queries.list_offices(session, found["id"]):
            offices[each["position"]].append(f"  {each['code']}\t{each['count']}")
        began, as_of = (f"{found[each]:%Y-%m-%d %H:%M}Z" for each in ("started_at", "as_of"))
        state = f"{found['state']} (dry)" if found["is_dry"] else found["state"]
        of = "" if found["office"] is None else f"\tof {found['office']}"
        lines = [f"{public_id(PREFIX, found['id'])}\t{state}\t{began}\tas of {as_of}{of}"]
        for step in await queries.list_counted(session, found["id"]):
            known = before.get(step["step"])
            why = _why(step["error"], step["reason"])
            handled = counted(step["count"], is_more=step["is_more"])
            lines.append(_line(handled, known, step["milliseconds"], step["step"], why))
            lines += offices[step["position"]]
        return lines

    lines = as_operator(read)
    if lines is None:
        typer.echo("There is no such run.", err=True)
        return 1
    typer.echo("\n".join(lines))
    return 0


def _why(error: str | None, reason: str | None) -> str:
    if error:
        return f"\tfailed: {error}"
    return f"\tleft out: {reason}" if reason else ""


def _line(count: str, before: int | None, milliseconds: int, step: str, why: str) -> str:
    return f"{count}\t{'-' if before is None else before}\t{milliseconds / 1000:.1f}\t{step}{why}"


@contextmanager
def shown() -> "Iterator[Report]":
    """Show on a terminal which step is under way and how far; else nothing."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 -- keeps --help quick

    with Console(stderr=True).status("") as status:
        yield lambda done: status.update(f"{done.step} {done.count}")
