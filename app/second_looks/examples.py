from typing import Any, Final

from app.cases.examples import EXAMPLES as OF_CASES

_LOOK: Final = {
    "id": "sec_0198a3c1d2e47f508192a3b4c5d6e7f8",
    "version": 1,
    "whose": "own",
    "state": "asked",
    "outcome": None,
    "overlap": OF_CASES["OverlapRead"],
    "consult": "call",
    "asked_at": "2026-03-03T03:00:00Z",
    "acknowledged_at": None,
    "closed_at": None,
}

EXAMPLES: Final[dict[str, Any]] = {
    "SecondLookStep": {"event": "close", "outcome": "consulting"},
    "SecondLookRead": _LOOK,
    "SecondLookPage": {"items": [_LOOK], "next_cursor": None},
}
"""Examples by name of schema, for the OpenAPI document; everything is made up."""
