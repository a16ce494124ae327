"""Measures each performance goal against a baseline of the same run: `make bench`."""

import argparse
import asyncio
import json
import os
import platform
import sys

from tests.bench.measure import table
from tests.bench.plan import run, size_of


def main() -> int:
    """Print the goals; 1 when one is missed at full size, or nothing could be measured."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--size", type=size_of, default="full", metavar="small|full|N")
    arguments = parser.parse_args()
    size = arguments.size
    began = os.getloadavg()[0]
    goals = asyncio.run(run(size))
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": round(began, 2),
        "load_after": round(os.getloadavg()[0], 2),
    }
    if arguments.json:
        print(json.dumps({"machine": machine, "goals": [goal.as_json() for goal in goals]}))
    else:
        print(table(goals))
        print(f"\nmachine: {machine}; close other work, or the figures mean little")
    return int(size.is_binding and not all(goal.is_reached for goal in goals))


if __name__ == "__main__":
    sys.exit(main())
