"""`joinder serve`: database, evaluator and registry as one command."""

import os
import signal
import sys
from datetime import datetime, time
from typing import Annotated

import typer

Only = Annotated[
    str | None, typer.Option(help="Run just `registry` or `evaluator`, as containers do.")
]


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The registry's port.")] = 8000,
    evaluator_port: Annotated[int, typer.Option(help="The evaluator's port.")] = 8001,
    workers: Annotated[int, typer.Option(min=1, max=16, help="Registry processes.")] = 1,
    evaluators: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Evaluator processes; one per core if not given."),
    ] = None,
    nightly: Annotated[
        str, typer.Option(help="When to start the nightly run, UTC, such as 10:00; or `off`.")
    ] = "10:00",
    worker: Annotated[  # noqa: FBT002 -- a flag
        bool, typer.Option(help="Deliver notices too; else start `joinder worker` elsewhere.")
    ] = True,
    only: Only = None,
) -> None:
    """Run the service until it is told to stop.

    Without JOINDER_DATABASE_URL it brings its own PostgreSQL. With --only it runs one process from
    JOINDER_DATABASE_URL or JOINDER_KEYS alone.
    """
    from app.core import logging  # noqa: PLC0415 -- keeps --help quick
    from app.serving.installation import installation  # noqa: PLC0415 -- as above
    from app.serving.process import KINDS, listen, run  # noqa: PLC0415 -- as above
    from app.serving.supervisor import running  # noqa: PLC0415 -- as above

    if only is not None:
        kind = KINDS.get(only)
        if kind is None:
            typer.echo("--only takes registry or evaluator.", err=True)
            raise typer.Exit(2)
        run(kind, listen(host, port if kind == "registry" else evaluator_port))
        return
    count = evaluators or os.cpu_count() or 1
    nightly_at = _time_of_day(nightly)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # in order, also while still starting
    with (
        installation() as here,
        running(here, host, (port, evaluator_port), workers, count, works=worker) as service,
    ):
        typer.echo(f"Registry  {service.addresses.registry}")
        typer.echo(f"Evaluator {service.addresses.evaluator}")
        typer.echo("Stop with Ctrl-C.")
        logging.configure("serve")
        status = service.wait(nightly_at)
    if status:
        typer.echo("A process ended by itself; see its last log line.", err=True)
    raise typer.Exit(status)


def _time_of_day(text: str) -> time | None:
    """Return a time of day, None for `off`."""
    if text == "off":
        return None
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 -- a time of day, UTC
    except ValueError:
        raise typer.BadParameter("--nightly takes a time such as 10:00, or off.") from None
