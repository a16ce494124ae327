import json
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import client_feed, client_lists
from app.cli.client_edge import Directory, complete, errors, fail, say
from app.cli.client_report import flat, overlap_line, print_summary
from app.cli.progress import progress

if TYPE_CHECKING:  # the client's libraries load with the first command, so that --help is quick
    from app.client.pins import PublishedKeys
    from app.client.push import Plan, Summary

app = typer.Typer(
    no_args_is_help=True,
    help="The office's side: keys, checks, and posting a case-management export.",
)

for command in (client_lists.suppress, client_lists.suppressions, client_lists.end_suppression):
    app.command()(command)
app.command()(client_lists.elements)
app.command()(client_feed.watch)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def init(
    directory: Directory,
    registry: Annotated[str, typer.Option(help="The registry's URL, https://...")],
    issuer: Annotated[
        str | None, typer.Option(help="The registry's public URL, if it is reached by another.")
    ] = None,
    *,
    plain_http: Annotated[
        bool, typer.Option("--allow-plain-http", help="Take http:// beyond this computer.")
    ] = False,
) -> None:
    """Make this office's key pair and configuration, and print the public key.

    Give the printed public key to an administrator of your office, or to the registry's operator,
    who answers with a client id.
    """
    with errors():
        from app.client.config import new_config, write_config  # noqa: PLC0415 -- see above
        from app.client.credentials import create_private_key, public_jwk  # noqa: PLC0415

        config = new_config(directory, registry, issuer=issuer, allow_plain_http=plain_http)
        directory.mkdir(parents=True, exist_ok=True)
        key = create_private_key(config.key_path)
        write_config(config)
        print(json.dumps(public_jwk(key)))
        say(f"Wrote {config.path} and {config.key_path} (keep this one secret).")
        say("Give the printed key to your office's administrator or the registry's operator. Then:")
        say(f"  joinder client pin {directory} --client-id THE-ID-THEY-SEND")


@app.command()
def pin(
    directory: Directory,
    client_id: Annotated[
        str | None, typer.Option(help="The client id that came back for the key.")
    ] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Pin without asking.")] = False,
) -> None:
    """Show the evaluator's public keys and pin them. Compare the fingerprints first."""
    with errors():
        from app.client import pins  # noqa: PLC0415
        from app.client.clock import SystemClock  # noqa: PLC0415
        from app.client.config import check_client_id, read_config, write_config  # noqa: PLC0415
        from app.client.exchange import Exchange  # noqa: PLC0415

        config = read_config(directory)
        if client_id:
            config = replace(config, client_id=check_client_id(client_id))
        with closing(Exchange(config, None, clock=SystemClock())) as exchange:
            keys = pins.fetch_keys(exchange, config)
        pins.check_tables(keys)
        pinned = pins.pin(config, keys)
        print(f"Key epoch {keys.epoch} of {config.registry}, evaluator {keys.evaluator_url}:")
        for name, fingerprint in pins.fingerprints(keys.classes).items():
            print(f"  {name:8} {fingerprint}")
        if keys.epoch not in config.pins and not yes:
            if not sys.stdin.isatty():
                fail("Compare the fingerprints with the registry's, then add --yes.", 2)
            typer.confirm("Do these agree with what the registry published?", abort=True)
        write_config(pinned)
        say(f"Pinned in {config.path}. Next: joinder client check {directory}")


@app.command("change-key")
def change_key(directory: Directory) -> None:
    """Go over to a new key pair, as often as the office's rules ask; the old one ends.

    Interrupted, run it again: it goes on, and one of the two keys signs at every moment.
    """
    with errors():
        from app.client import key_change  # noqa: PLC0415
        from app.client.config import read_config  # noqa: PLC0415

        config = complete(read_config(directory))
        old, new = key_change.change_key(config)
    print(f"Key {old} ended; {new} signs now.")


@app.command()
def check(directory: Directory, *, as_json: AsJson = False) -> None:
    """Sign in and report the office, the pinned keys and the match specification."""
    with errors():
        from app.client.config import read_config  # noqa: PLC0415
        from app.client.pins import keys_report  # noqa: PLC0415
        from app.client.registry import RegistryClient  # noqa: PLC0415

        config = read_config(directory)
        with RegistryClient(config) as client:
            keys = client.check_keys()
            report = {"me": client.get_me(), **keys_report(keys)}
    _tell_of_new_keys(keys)
    if as_json:
        print(json.dumps(report))
        return
    print(f"signed in  {config.client_id} at {config.registry}")
    for name, value in flat(report["me"]):
        print(f"{name:10} {value}")
    print(f"keys       epoch {report['epoch']}, as pinned; evaluator {report['evaluator']}")
    print(f"matching   {report['match_spec']}, name tables agree")


@app.command()
def overlaps(
    directory: Directory,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List this office's possible matches: its own case, why, and whom to call.

    Example: joinder client overlaps office/
    """
    with errors():
        from app.client.config import read_config  # noqa: PLC0415
        from app.client.registry import RegistryClient  # noqa: PLC0415

        with RegistryClient(complete(read_config(directory))) as client:
            count = 0
            for overlap in client.list_overlaps():
                count += 1
                print(json.dumps(overlap) if as_json else overlap_line(overlap))
    say(f"{count} overlaps.")


@app.command()
def push(
    export: Annotated[Path, typer.Argument(help="A case-management export, CSV.")],
    mapping: Annotated[Path, typer.Option("--map", help="Which column means what, TOML.")],
    config: Annotated[Path, typer.Option(help="joinder-client.toml, or its directory.")] = Path(
        "joinder-client.toml"
    ),
    *,
    as_json: AsJson = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and check everything, send nothing.")
    ] = False,
) -> None:
    """Post the cases of an export; names, dates and numbers in it stay here.

    Writes what was not posted to EXPORT.rejects.csv (a dry run: EXPORT.dry-run-rejects.csv), by
    line and column, without values. Run it
    again after an interruption: it goes on where it was.

    Exit status: 0 all posted, 1 something was rejected or refused, 2 wrong use,
    75 the registry cannot be reached now (run again), 76 a key or proof does not hold,
    77 the registry refused the whole request, 130 interrupted (run again).

    Example: joinder client push cases.csv --map map.toml --config office/
    """
    with errors():
        from app.client.config import read_config  # noqa: PLC0415
        from app.client.push import Plan  # noqa: PLC0415

        plan = Plan(export, mapping, read_config(config))
        summary = _push(plan, dry_run=dry_run, quiet=as_json)
    if as_json:
        print(json.dumps(summary.report()))
    else:
        print_summary(summary, dry_run=dry_run)
    raise typer.Exit(0 if summary.is_clean else 1)


@app.command("check-victims")
def check_victims(
    listing: Annotated[Path, typer.Argument(help="The office's own list of victims, CSV.")],
    mapping: Annotated[Path, typer.Option("--map", help="Which column means what, TOML.")],
    config: Annotated[Path, typer.Option(help="joinder-client.toml, or its directory.")] = Path(
        "joinder-client.toml"
    ),
    first_line: Annotated[
        int, typer.Option("--from-line", min=2, help="Pass over the rows before this line.")
    ] = 2,
    *,
    with_names: Annotated[
        bool, typer.Option("--with-names", help="Write the names of rows into the report, too.")
    ] = False,
) -> None:
    """Find out whether somebody of the office's own list of victims was charged lately, and where.

    The list stays here: others learn how many keys it makes, and nothing of the outcome.
    Writes LIST.charged.csv, readable by this account alone. A list that victim services made needs
    the consent of those on it (28 CFR 94.115).

    Exit status: 0 all compared, 1 some rows could not be, 75 the allowance did not reach all: it
    says from which line to go on; else as of push.

    Example: joinder client check-victims victims.csv --map victims.toml --config office/
    """
    with errors():
        from app.client.charged import Check, check_charged  # noqa: PLC0415
        from app.client.config import read_config  # noqa: PLC0415
        from app.client.errors import TemporaryError  # noqa: PLC0415
        from app.client.registry import RegistryClient  # noqa: PLC0415

        check = Check(listing, mapping, first_line, with_names)
        with RegistryClient(complete(read_config(config))) as client:
            outcome = check_charged(check, client)
    print(f"{outcome.rows} rows, {outcome.not_compared} not compared.")
    print(f"{outcome.charged} possibly charged: see {outcome.report}")
    if outcome.go_on_from is not None:
        say("Today's allowance is used up, or the registry does not answer any more.")
        say(f"Go on tomorrow with --from-line {outcome.go_on_from}; that report has its own name.")
        raise typer.Exit(TemporaryError.exit_code)
    raise typer.Exit(1 if outcome.not_compared else 0)


def _push(plan: "Plan", *, dry_run: bool, quiet: bool) -> "Summary":
    from app.client.push import push as push_export  # noqa: PLC0415
    from app.client.registry import RegistryClient  # noqa: PLC0415

    with progress("line", quiet=quiet) as tell:
        if dry_run:
            return push_export(plan, None, progress=tell)
        with RegistryClient(complete(plan.config)) as client:
            keys = client.check_keys()
            _tell_of_new_keys(keys)
            return push_export(plan, client, progress=tell, keys=keys)


def _tell_of_new_keys(keys: "PublishedKeys") -> None:
    if keys.accepted_until:
        say(f"The registry has new keys: joinder client pin, before {keys.accepted_until}.")
