"""`joinder demo`: the main job on public data, in a sandbox of its own."""

import json
import os
import secrets
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from app.client.push import Progress
    from app.demo.run import Demo

MOST_RECORDS: Final = 5000


class Scenario(StrEnum):
    """What a demo shows."""

    MATCHING = "matching"
    MATTER = "matter"


def demo(
    records: Annotated[
        int, typer.Option(min=10, max=MOST_RECORDS, help="Persons per office.")
    ] = MOST_RECORDS,
    port: Annotated[
        int, typer.Option(help="The registry's port; the next free one if taken.")
    ] = 8000,
    *,
    scenario: Annotated[
        Scenario, typer.Option(help="matter: a whole one of four offices, then stop.")
    ] = Scenario.MATCHING,
    once: Annotated[bool, typer.Option("--once", help="Stop when done and forget it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object only.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget an earlier demo first.")] = False,
) -> None:
    """Show the main job: two offices push, overlaps appear, one is handled jointly.

    The data is FEBRL 4, invented persons with known duplicates. The demo has its own database and
    keys below JOINDER_HOME; a second start finds them. With JOINDER_DATABASE_URL it needs a
    database without offices.

    Example: joinder demo --once --json --records 500
    """
    from app.demo import run  # noqa: PLC0415 -- keeps --help quick

    def say(text: str) -> None:
        if not as_json:
            typer.echo(text)

    if scenario is Scenario.MATTER:
        _play_matter(say, as_json=as_json)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # what was started is stopped in order
    with ExitStack() as stack:
        here, directory = stack.enter_context(_sandbox(once=once, fresh=fresh))
        shown = stack.enter_context(
            run.demonstrate(
                here,
                directory,
                records=records,
                ports=_ports(port) if not once else (0, 0),
                say=say,
                progress=lambda name: _progress(name, quiet=as_json),
                with_pages=not once,
            )
        )
        if as_json:
            typer.echo(json.dumps(shown.result))
        else:
            _print_result(shown.result)
        if not once:
            _stay(shown)


def _play_matter(say: Callable[[str], None], *, as_json: bool) -> None:
    from app.demo.scenario import demonstrate_matter  # noqa: PLC0415 -- keeps --help quick
    from app.web.handling_words import ORIGINS  # noqa: PLC0415 -- as above

    with _sandbox(once=True, fresh=False) as (here, directory):
        done = demonstrate_matter(here, directory, say=say)
    if as_json:
        typer.echo(json.dumps(done))
        return
    typer.echo("\nWho was on the team when:")
    for member in done["statement"]["members"]:
        office, since, until = (member[name] for name in ("office", "joined_on", "left_on"))
        typer.echo(f"  {member['name']} ({office}): {since} to {until}")
    typer.echo("Who led:")
    for period in done["statement"]["leads"]:
        since, until = _minute(period["accepted_at"]), _minute(period["until"])
        typer.echo(f"  {period['office']['name']}: {since} to {until}")
    typer.echo(f"What came to {done['statement']['parties'][1]['name']} from the registry:")
    for each in done["origin"]["items"]:
        what, whom = ORIGINS[each["what"]], each["from_office"]["name"]
        typer.echo(f"  {_minute(each['at'])}  {what}, {whom}")


def _minute(instant: str) -> str:
    """Return an instant of an answer for people, to the minute."""
    return f"{datetime.fromisoformat(instant):%Y-%m-%d %H:%M} UTC"


@contextmanager
def _sandbox(*, once: bool, fresh: bool) -> Iterator[tuple[Any, Path]]:
    """Yield an installation for the demo alone and the directory of its offices' files."""
    from app.demo.run import admit  # noqa: PLC0415 -- keeps --help quick
    from app.postgres.home import default_home  # noqa: PLC0415 -- as above
    from app.serving.installation import InstallationError, installation  # noqa: PLC0415 -- as above

    with ExitStack() as stack:
        home = default_home() / "demo"
        if once:
            home = stack.enter_context(_temporary(default_home()))
        elif fresh and not _forget(home):
            raise InstallationError("A demo is running there. Stop it first.")
        directory = home / "offices"
        is_named = bool(os.environ.get("JOINDER_DATABASE_URL"))
        os.environ["JOINDER_HOME"] = str(home)
        check = partial(admit, directory=directory) if is_named else None
        yield stack.enter_context(installation(is_sandbox=True, admit=check)), directory


def _forget(home: Path) -> bool:
    """Delete a demo's data, and its server that outlived it; False where one is running."""
    from app.postgres.profiles import DISPOSABLE  # noqa: PLC0415 -- keeps --help quick
    from app.postgres.server import EmbeddedServer  # noqa: PLC0415 -- as above

    return not home.exists() or EmbeddedServer(home, profile=DISPOSABLE).discard()


@contextmanager
def _temporary(parent: Path) -> Iterator[Path]:
    for killed in parent.glob("once-*"):
        _forget(killed)
    home = parent / f"once-{secrets.token_hex(4)}"
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _ports(wanted: int) -> tuple[int, int]:
    """Return two free ports from `wanted` on; the second follows the first where it can."""
    from app.serving.process import StartError, listen  # noqa: PLC0415 -- keeps --help quick

    free: list[int] = []
    for port in range(wanted, wanted + 100):
        try:
            listen("127.0.0.1", port).close()
        except StartError:
            continue
        free.append(port)
        if len(free) == 2:  # noqa: PLR2004 -- registry and evaluator
            return free[0], free[1]
    return 0, 0


def _progress(name: str, *, quiet: bool) -> "Progress":
    shown = 0

    def tell(line: int, lines: int) -> None:
        nonlocal shown
        tenth = 10 * line // max(lines, 1)
        if tenth > shown and not quiet:
            shown = tenth
            end = "\n" if not sys.stdout.isatty() or line >= lines else "\r"
            typer.echo(f"  {name}: line {line} of {lines}{' ' * 8}{end}", nl=False)

    return tell


def _print_result(result: dict[str, Any]) -> None:
    typer.echo(
        f"\n{result['cases']} cases of {result['offices']} offices, {result['tokens']} tokens, "
        f"pushed in {result['seconds_push']} s "
        f"({result['cases_per_second']} cases/s, {result['tokens_per_second']} tokens/s)."
    )
    typer.echo(
        f"{result['overlaps']} overlaps, {result['same_person']} of them possibly the same person. "
        f"Against the known truth: recall {result['recall']:.3f}, "
        f"precision {result['precision']:.3f}, F1 {result['f1']:.3f}."
    )
    example = result.get("example")
    if example:
        typer.echo(f"\nOne of them, as {example['case']['external_id']}'s office sees it:")
        for finding in example["findings"]:
            kinds = ", ".join(finding["kinds"])
            typer.echo(f"  {finding['finding']}: {finding['explanation'] or kinds}")
        office = example["counterpart"]["office"]
        typer.echo(f"  other side: {office['name']} ({example['rung']})")
        typer.echo(f"  joint handling: {result['joint_handling_status']}")


def _stay(shown: "Demo") -> None:
    addresses = shown.service.addresses
    typer.echo(f"\nThe pages are at {addresses.registry}; pick who you are.")
    typer.echo(f"The API stays up at {addresses.registry} (evaluator {addresses.evaluator}).")
    command = shlex.join([sys.argv[0], "client", "check", str(shown.configs[0].path.parent)])
    typer.echo(f"Try: {command}")
    typer.echo(f"Log: {shown.log}")
    typer.echo("Stop with Ctrl-C; the next start finds the data. --fresh begins again.")
    raise typer.Exit(shown.service.wait(another=shown.another_night))
