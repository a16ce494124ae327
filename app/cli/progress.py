"""How far a command has come, on standard error."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int], None]
"""Told how many are done, of how many."""


@contextmanager
def progress(thing: str, *, quiet: bool = False) -> Iterator[Progress]:
    """Show a bar on a terminal; else a line for each further tenth, unless `quiet`."""
    if not sys.stderr.isatty():
        yield tenths(thing, quiet=quiet)
        return
    from rich.console import Console  # noqa: PLC0415 -- keeps --help quick
    from rich.progress import (  # noqa: PLC0415 -- as above
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar  # noqa: PLC0415 -- as above

    columns = (TextColumn(f"{thing}s"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(thing, total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)


def tenths(thing: str, *, quiet: bool) -> Progress:
    """Return what prints a line when a further tenth is done."""
    shown = 0

    def tell(done: int, total: int) -> None:
        nonlocal shown
        tenth = 10 * done // max(total, 1)
        if tenth > shown and not quiet:
            shown = tenth
            print(f"{thing} {done} of {total}", file=sys.stderr)

    return tell
