from typing import Any, Final

_PENDING: Final = {
    "id": "crq_0198a3c1d2e47f508192a3b4c5d6e7f8",
    "version": 1,
    "overlap_id": "ovl_0198a3c0b1c27d3e8f90a1b2c3d4e5f6",
    "case": {"source_system": "cms", "external_id": "24-00117"},
    "direction": "sent",
    "reason": "act_ahead",
    "status": "pending",
    "decline_reason": None,
    "requested_at": "2026-03-02T15:04:05.123456Z",
    "expires_at": "2026-03-23T15:04:05.123456Z",
    "ended_at": None,
}

EXAMPLES: Final[dict[str, Any]] = {
    "ContactAsk": {"reason": "act_ahead"},
    "ContactAnswer": {"answer": "decline", "reason": "later"},
    "ContactRequestRead": {
        **_PENDING,
        "version": 2,
        "status": "accepted",
        "ended_at": "2026-03-03T09:30:00Z",
    },
    "ContactRequestPage": {"items": [_PENDING], "next_cursor": None},
}
"""Examples by name of schema, for the OpenAPI document; everything is made up."""
