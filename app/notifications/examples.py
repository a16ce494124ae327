from typing import Any, Final

_FOUND: Final = {
    "id": "evt_4f1d6a0e9b7c4d2f8a3b5c6d7e8f9012",
    "type": "overlap.found",
    "at": "2026-03-02T15:04:05.123456Z",
    "overlap_id": "ovl_0198a3c0b1c27d3e8f90a1b2c3d4e5f6",
    "case": None,
    "request_id": None,
    "question_id": None,
}

EXAMPLES: Final[dict[str, Any]] = {
    "EventRead": _FOUND,
    "EventPage": {
        "items": [_FOUND],
        "next_cursor": None,
        "resume_cursor": "Yb3k9uQ2m1nX0c4vAAAAAAAAAGQ",
    },
}
"""Examples by name of schema, for the OpenAPI document; everything is made up."""
