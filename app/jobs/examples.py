from typing import Any, Final

_RUN: Final[dict[str, Any]] = {
    "id": "run_0198a3c4b1c27d3e8f90a1b2c3d4e5f6",
    "state": "failed",
    "is_of_own_office": False,
    "is_whole": True,
    "is_dry": False,
    "as_of": "2026-03-02T10:00:00.012345Z",
    "started_at": "2026-03-02T10:00:00.123456Z",
    "finished_at": "2026-03-02T10:00:41.654321Z",
    "steps": [
        {
            "step": "cases.expire",
            "state": "succeeded",
            "error": None,
            "reason": None,
            "of_own_office": 3,
        },
        {
            "step": "cases.purge",
            "state": "failed",
            "error": "unavailable",
            "reason": None,
            "of_own_office": 0,
        },
    ],
}

EXAMPLES: Final[dict[str, Any]] = {
    "RunRead": _RUN,
    "StepRead": _RUN["steps"][0],
    "RunPage": {"items": [_RUN], "next_cursor": None},
}
"""Examples by name of schema, for the OpenAPI document; everything is made up."""
