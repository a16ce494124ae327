"""`joinder client suppress` and its kin: an office's suppression list.

Values are read from standard input: in an argument they would stand in the shell's history.
"""

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.client_edge import Directory, complete, errors, fail, say

if TYPE_CHECKING:  # the client's libraries load with the first command, so that --help is quick
    from app.identifiers.match_keys import MatchKey

Kind = Annotated[str, typer.Option(help="Of the values: tel, addr, email, plate ...")]


def suppress(
    directory: Directory,
    kind: Kind,
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
    scope: Annotated[
        str, typer.Option(help="office, or state for an attorney general's office.")
    ] = "office",
) -> None:
    """Put the values on standard input, one a line, on this office's suppression list.

    They stay here; only tokens are sent. CA:7ABC123 names the state of a plate; an address is the
    street, a comma and the postcode, and without a unit stands for the whole building.

    Example: joinder client suppress office --kind tel --mode block --reason hotline
    --until 2027-03-01 < hotlines.txt
    """
    with errors():
        from app.client.config import read_config  # noqa: PLC0415 -- keeps --help quick
        from app.client.registry import RegistryClient  # noqa: PLC0415 -- as above

        config, keys = complete(read_config(directory)), _read_keys(kind)
        with RegistryClient(config) as client:
            made = client.suppress(
                keys, mode=mode, reason=reason, scope=scope, expires_on=until.date()
            )
            count = 0
            for entry in made:
                count += entry is not None
                print(json.dumps(entry) if entry else f"{kind}: on the list already")
    say(f"{count} entries made.")


def suppressions(directory: Directory) -> None:
    """List the entries that apply to this office, one JSON object a line, newest first."""
    with errors():
        from app.client.config import read_config  # noqa: PLC0415 -- keeps --help quick
        from app.client.registry import RegistryClient  # noqa: PLC0415 -- as above

        with RegistryClient(complete(read_config(directory))) as client:
            for entry in client.list_suppressions():
                print(json.dumps(entry))


def end_suppression(
    directory: Directory,
    entry: Annotated[str, typer.Argument(help="Its id, sup_..., from `suppressions`.")],
) -> None:
    """End an entry of this office: overlaps that it held back are found again."""
    with errors():
        from app.client.config import read_config  # noqa: PLC0415 -- keeps --help quick
        from app.client.registry import RegistryClient  # noqa: PLC0415 -- as above

        with RegistryClient(complete(read_config(directory))) as client:
            client.end_suppression(entry)
    say(f"Ended {entry}.")


def elements(directory: Directory, kind: Kind) -> None:
    """Print tokens of the values on standard input, for the operator's lists; keep them nowhere.

    Whoever has a token can post it. So this prints to a pipe, never to a terminal.

    Example: joinder client elements office --kind tel < hotlines.txt
    | joinder suppression add --mode block --reason hotline --until 2027-03-01
    """
    with errors():
        from app.client.config import read_config  # noqa: PLC0415 -- keeps --help quick
        from app.client.registry import RegistryClient  # noqa: PLC0415 -- as above

        if sys.stdout.isatty():
            fail("Pipe this into joinder suppression add; tokens do not belong on a screen.", 2)
        config, keys = complete(read_config(directory)), _read_keys(kind)
        with RegistryClient(config) as client:
            for element in client.elements(keys):
                print(json.dumps(element))


def _read_keys(kind: str) -> "list[MatchKey]":
    """Return the match keys of the values on standard input.

    Raises:
        UsageError: a line is no value of the kind; it is told by number.
    """
    from app.client.listed import value_keys  # noqa: PLC0415 -- keeps --help quick

    if sys.stdin.isatty():
        say("One value a line, then Ctrl-D.")
    return value_keys(kind, sys.stdin)
