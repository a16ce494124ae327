"""`joinder client watch`: exports that are dropped into a folder, or lie on an SFTP server."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.client_edge import complete, errors, say

if TYPE_CHECKING:
    from app.client.clock import Clock
    from app.client.config import ClientConfig
    from app.client.push import Summary
    from app.client.sftp import Source
    from app.client.watch import Folder, Push, Taken


def watch(  # noqa: PLR0913 -- one for each option
    directory: Annotated[Path, typer.Argument(help="The folder that exports are dropped into.")],
    mapping: Annotated[Path, typer.Option("--map", help="Which column means what, TOML.")],
    config: Annotated[Path, typer.Option(help="joinder-client.toml, or its directory.")] = Path(
        "joinder-client.toml"
    ),
    sftp: Annotated[
        str | None, typer.Option("--from", help="Fetch from there first: sftp://user@host/folder.")
    ] = None,
    identity: Annotated[
        Path | None, typer.Option(help="With --from: the private key that signs in there.")
    ] = None,
    known_hosts: Annotated[
        Path | None, typer.Option(help="With --from: the server's key, as ssh-keyscan writes it.")
    ] = None,
    *,
    every: Annotated[int, typer.Option(min=1, help="Seconds between two looks.")] = 60,
    settled: Annotated[
        int, typer.Option(min=0, help="Seconds that a file must not have changed.")
    ] = 60,
    keep_days: Annotated[
        int, typer.Option(min=0, help="Days that pushed exports stay in done/ and reject/.")
    ] = 30,
    expect_by: Annotated[
        datetime | None,
        typer.Option(formats=["%H:%M"], help="Tell when no export came by then, local time."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once and end, for a timer.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a file.")] = False,
) -> None:
    """Push every export that is dropped into DIR, once each, and move it away.

    A file is taken when it has not changed for a minute. Pushed ones go to DIR/done; one that
    cannot be used to DIR/reject with the reason, and so does what was left out of one, by line and
    column. Stopped while it pushes, it goes on there when it is started again.

    An export that is late is said here, and told to those who run the office in the registry, by a
    notice or mail.

    With --once the exit status is that of push: 1 also when an export is late, 75 when the registry
    or the SFTP server cannot be reached; that one is late is said then, too.

    Example: joinder client watch drop/ --map map.toml --config office/ --once --expect-by 01:00
    """
    with errors():
        from app.client.clock import SystemClock  # noqa: PLC0415 -- keeps --help quick
        from app.client.config import read_config  # noqa: PLC0415 -- as above
        from app.client.errors import TemporaryError  # noqa: PLC0415 -- as above
        from app.client.mapping import read_mapping  # noqa: PLC0415 -- as above
        from app.client.watch import Folder  # noqa: PLC0415 -- as above

        office = complete(read_config(config))
        read_mapping(mapping)  # a wrong one would put every export into reject/
        folder = Folder(directory, timedelta(seconds=settled), timedelta(days=keep_days))
        source = _source(sftp, identity, known_hosts)
        clock, late = SystemClock(), Late(office)
        with folder.held():
            while True:
                is_clean, failed = True, None
                try:
                    for taken in _look(folder, source, _pusher(office, mapping), clock):
                        _tell(taken, as_json=as_json)
                        is_clean &= taken.is_clean
                except TemporaryError as error:
                    failed = error
                now = datetime.fromtimestamp(clock.unix(), UTC).astimezone()
                if expect_by and folder.is_late(expect_by.time(), now):
                    is_clean = False
                    late.tell(expect_by.time(), now)
                folder.clear(now)
                if failed and once:
                    raise failed
                if failed:
                    say(f"{failed.code}: {failed}")
                if once:
                    raise typer.Exit(0 if is_clean else 1)
                clock.sleep(every)


def _source(url: str | None, identity: Path | None, known_hosts: Path | None) -> "Source | None":
    from app.client.errors import UsageError  # noqa: PLC0415 -- as above
    from app.client.sftp import Source  # noqa: PLC0415 -- as above

    if url is None:
        return None
    if identity is None or known_hosts is None:
        raise UsageError("sftp-key-absent", "--from needs --identity and --known-hosts.")
    return Source(url, identity, known_hosts)


def _look(
    folder: "Folder", source: "Source | None", push: "Push", clock: "Clock"
) -> "Iterator[Taken]":
    from app.client.errors import TemporaryError  # noqa: PLC0415 -- as above
    from app.client.sftp import fetch  # noqa: PLC0415 -- as above

    failed = None
    if source is not None:
        try:
            fetch(source, folder.path)
        except TemporaryError as error:  # what is here already is pushed all the same
            failed = error
    yield from folder.take(push, clock)
    if failed:
        raise failed


def _pusher(config: "ClientConfig", mapping: Path) -> "Push":
    from app.client.push import Plan, push  # noqa: PLC0415 -- as above
    from app.client.registry import RegistryClient  # noqa: PLC0415 -- as above

    def one(export: Path) -> "Summary":
        with RegistryClient(config) as client:
            keys = client.check_keys()
            return push(Plan(export, mapping, config), client, keys=keys)

    return one


@dataclass
class Late:
    """Which export that did not come was said here last, and which the registry was told of."""

    office: "ClientConfig"
    said_on: date | None = None
    told_on: date | None = None

    def tell(self, due: time, now: datetime) -> None:
        """Say that the last one did not come, and have the registry tell the office, once each.

        Where it cannot be reached what is said here must do until the next look.
        """
        from app.client.errors import ClientError, TemporaryError  # noqa: PLC0415 -- as above
        from app.client.registry import RegistryClient  # noqa: PLC0415 -- as above
        from app.client.watch import last_due  # noqa: PLC0415 -- as above

        due_on = last_due(due, now).date()
        if self.said_on != due_on:
            say(f"No export came in the day before {due:%H:%M}.")
            self.said_on = due_on
        if self.told_on == due_on:
            return
        try:
            with RegistryClient(self.office) as client:
                client.report_late_export(due_on)
        except TemporaryError as error:
            say(f"The registry was not told: {error}")
            return
        except ClientError as error:  # it would be refused again
            say(f"The registry was not told: {error}")
        self.told_on = due_on


def _tell(taken: "Taken", *, as_json: bool) -> None:
    report: dict[str, Any] = taken.summary.report() if taken.summary else {"code": taken.code}
    if as_json:
        print(json.dumps({"file": taken.name, **report}), flush=True)
    elif taken.summary is None:
        print(f"{taken.name}: not used ({taken.code})", flush=True)
    else:
        print(
            f"{taken.name}: {report['cases']} cases, {report['overlaps']} overlaps,"
            f" {report['refused'] + report['rows_rejected']} not posted",
            flush=True,
        )
