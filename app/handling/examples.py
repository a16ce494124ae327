from typing import Any, Final

_PENDING: Final = {
    "id": "hnd_0198a3c1d2e47f508192a3b4c5d6e7f8",
    "version": 1,
    "overlap_id": "ovl_0198a3c0b1c27d3e8f90a1b2c3d4e5f6",
    "direction": "sent",
    "status": "pending",
    "proposed_lead": "requester",
    "decline_reason": None,
    "requested_at": "2026-03-02T15:04:05.123456Z",
    "answered_at": None,
    "lead": None,
    "requester_commitments": [
        {
            "trafficking_type": "labor",
            "signatory": "District Attorney",
            "signed_on": "2026-01-05",
            "lapses_on": "2027-01-05",
            "has_lapsed": False,
        }
    ],
}

EXAMPLES: Final[dict[str, Any]] = {
    "HandlingAsk": {"proposed_lead": "requester"},
    "answer_handling_request": {"answer": "decline", "reason": "handled_separately"},
    "HandlingRead": {
        **_PENDING,
        "version": 2,
        "status": "accepted",
        "answered_at": "2026-03-03T09:30:00Z",
        "lead": {"code": "CA0190000A", "name": "Sample County District Attorney", "is_own": True},
    },
    "HandlingPage": {"items": [_PENDING], "next_cursor": None},
}
"""Examples by name of schema or operation, for the OpenAPI document; everything is made up."""
