"""Quality of matching on public data, beside other methods: `make bench-linkage`."""

import argparse
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.bench.linkage import calibration, ours, peers
from tests.bench.linkage.records import LinkageSet
from tests.bench.linkage.sets import LOADERS, TUNING, WITH_PHONE, names_of_sets, variants

OVERMATCHED_PRECISION: Final = 0.98
"""Least precision of overlaps where many share a phone."""

_HEAD: Final = "set          fields       method          F1   prec recall   best tokens      s"


def main() -> int:
    """Print a line per set, fields and method; 1 if shared phones make too many false overlaps."""
    parser = argparse.ArgumentParser(prog="make bench-linkage", description=__doc__)
    parser.add_argument("--sets", nargs="*", default=[], metavar="SET", choices=[*LOADERS])
    parser.add_argument("--methods", nargs="*", default=["ours", *peers.PEERS], metavar="METHOD")
    parser.add_argument("--plot", type=Path, help="write the calibration plot (SVG) to this path")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    arguments = parser.parse_args()
    judged: list[ours.Judged] = []
    precisions = []
    if not arguments.json:
        print(_HEAD)
    for name in names_of_sets(arguments.sets):
        for fields in variants(name):
            for method in arguments.methods if name not in WITH_PHONE else ["ours"]:
                try:
                    linked = _load(name)
                    if method == "ours":
                        run = ours.run(linked, fields)
                        rows = list(_ours(linked, run))
                        judged += run.judged if not fields and name not in TUNING else []
                        precisions += [rows[0]["precision"]] if name in WITH_PHONE else []
                    else:
                        rows = [_peer(linked, fields, method)]
                except ImportError as error:
                    rows = [{"method": method, "skipped": f"{error}: dependency group linkage"}]
                for row in rows:
                    shown = {"set": name, "fields": "+".join(fields) or "names", **row}
                    print(json.dumps(shown) if arguments.json else _line(shown), flush=True)
    if arguments.plot:
        bins = calibration.bins(judged)
        arguments.plot.write_text(calibration.svg(bins), encoding="utf-8")
        print(calibration.table(bins))
    return int(any(precision < OVERMATCHED_PRECISION for precision in precisions))


@cache
def _load(name: str) -> LinkageSet:
    return LOADERS[name](name)


def _ours(linked: LinkageSet, run: ours.Run) -> Iterator[dict[str, Any]]:
    best = ours.best_f1(linked, run.judged)
    for method, alone in (("ours", False), ("ours, names", True)):
        found = ours.quality(linked, run.judged, with_names_alone=alone)
        yield _row(method, found, best, run.tokens, run.seconds)


@cache
def _threshold(method: str, fields: tuple[str, ...]) -> float:
    """Return a peer's threshold from the tuning sets that have the fields."""
    if method == "exact hash":
        return 1.0
    sets = [_load(name) for name in TUNING if {*fields} <= {*variants(name)[-1]}]
    return peers.carried([(each, peers.PEERS[method](each, fields)) for each in sets])


def _peer(linked: LinkageSet, fields: tuple[str, ...], method: str) -> dict[str, Any]:
    threshold = _threshold(method, fields)
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
