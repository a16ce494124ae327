"""Quality of matching on public data, beside other methods: `make bench-linkage`."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tests.bench.linkage import calibration, ours, peers
from tests.bench.linkage.records import LinkageSet
from tests.bench.linkage.sets import LOADERS, TUNING, WITH_ADDRESS, WITH_SSN, names_of_sets

PLOT: Final = Path(__file__).parents[3] / "docs" / "calibration.svg"
_HEAD: Final = "set          fields       method          F1   prec recall   best tokens      s"


def main() -> int:
    """Print a line per set, fields and method; write the calibration plot."""
    parser = argparse.ArgumentParser(prog="make bench-linkage", description=__doc__)
    parser.add_argument("--sets", nargs="*", default=[], metavar="SET")
    parser.add_argument("--methods", nargs="*", default=["ours", *peers.PEERS], metavar="METHOD")
    parser.add_argument("--plot", action="store_true", help=f"write {PLOT.name} and its table")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    arguments = parser.parse_args()
    judged: list[ours.Judged] = []
    thresholds = {name: _threshold(name) for name in arguments.methods if name != "ours"}
    if not arguments.json:
        print(_HEAD)
    for linked, fields in _chosen(arguments.sets):
        for method in arguments.methods:
            if method == "ours":
                run = ours.run(linked, fields)
                judged += run.judged if linked.name not in TUNING and not fields else []
                rows = list(_ours(linked, run))
            else:
                rows = [_peer(linked, fields, method, thresholds[method])]
            for row in rows:
                shown = {"set": linked.name, "fields": "+".join(fields) or "names", **row}
                print(json.dumps(shown) if arguments.json else _line(shown), flush=True)
    if arguments.plot:
        bins = calibration.bins(judged)
        PLOT.write_text(calibration.svg(bins), encoding="utf-8")
        print(calibration.table(bins))
    return 0


def _chosen(names: Sequence[str]) -> Iterator[tuple[LinkageSet, tuple[str, ...]]]:
    for name in names_of_sets(names):
        try:
            linked = LOADERS[name](name)
        except ImportError as error:
            print(f"{name:12} skipped: {error}; install the dependency group linkage")
            continue
        yield linked, ()
        if name in WITH_ADDRESS:
            yield linked, ("address",)
        if name in WITH_SSN:
            yield linked, ("address", "ssn") if name in WITH_ADDRESS else ("ssn",)


def _ours(linked: LinkageSet, run: ours.Run) -> Iterator[dict[str, Any]]:
    best = ours.best_f1(linked, run.judged)
    for method, alone in (("ours", False), ("ours, names", True)):
        found = ours.quality(linked, run.judged, with_names_alone=alone)
        yield _row(method, found, best, run.tokens, run.seconds)


def _threshold(method: str) -> float | None:
    """Return a peer's threshold from the tuning sets; None if it is not installed."""
    if method == "exact hash":
        return 1.0
    try:
        sets = [LOADERS[name](name) for name in TUNING]
        return peers.carried([(each, peers.PEERS[method](each, ())) for each in sets])
    except ImportError:
        return None


def _peer(
    linked: LinkageSet, fields: tuple[str, ...], method: str, threshold: float | None
) -> dict[str, Any]:
    if threshold is None:
        return {"method": method, "skipped": "not installed: dependency group linkage"}
    scored = peers.PEERS[method](linked, fields)
    best, _ = scored.best(linked)
    return _row(method, scored.quality(linked, threshold), best, None, scored.seconds)


def _row(
    method: str, found: Any, best: float, tokens: float | None, seconds: float
) -> dict[str, Any]:
    return {
        "method": method,
        "f1": round(found.f1, 4),
        "precision": round(found.precision, 4),
        "recall": round(found.recall, 4),
        "best": round(best, 4),
        "tokens": tokens and round(tokens, 1),
        "seconds": round(seconds, 1),
    }


def _line(row: dict[str, Any]) -> str:
    front = f"{row['set']:12} {row['fields']:12} {row['method']:11}"
    if "skipped" in row:
        return f"{front} {row['skipped']}"
    tokens = row["tokens"] if row["tokens"] is not None else "-"
    return (
        f"{front} {row['f1']:6.3f} {row['precision']:6.3f} {row['recall']:6.3f}"
        f" {row['best']:6.3f} {tokens:>6} {row['seconds']:6}"
    )


if __name__ == "__main__":
    sys.exit(main())
