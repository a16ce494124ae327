from typing import Any, Final

_ALARM: Final[dict[str, Any]] = {
    "id": "alm_4f1d6a0e9b7c4d2f8a3b5c6d7e8f9012",
    "kind": "readings",
    "count": 131,
    "raised_at": "2026-03-02T10:00:12.123456Z",
}

EXAMPLES: Final[dict[str, Any]] = {
    "LateExport": {"due_on": "2026-03-02"},
    "LateExportRead": {"due_on": "2026-03-02"},
    "AlarmRead": _ALARM,
    "AlarmPage": {"items": [_ALARM], "next_cursor": None},
}
"""Examples by name of schema, for the OpenAPI document; everything is made up."""
