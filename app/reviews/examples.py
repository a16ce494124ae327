from typing import Any, Final

_SUMMARY: Final = "Held in a trailer marked ABC 1234 by the growers' own numbering."
_READING: Final = {
    "id": "srd_0198a3c0b1c27d3e8f90a1b2c3d4e5f6",
    "forms": ["plate"],
    "reason": "The number is one of a trailer on the farm, not of a vehicle.",
    "asked_at": "2026-03-02T15:04:05.123456Z",
    "read_at": "2026-03-02T15:20:00.123456Z",
    "expires_at": "2027-03-03T15:20:00.123456Z",
}
_CORRECTION: Final = {
    "id": "cor_0198a3c0b1c27d3e8f90a1b2c3d4e5f6",
    "asked_for": "counsel",
    "ground": "not_the_person",
    "asked_at": "2026-03-02T15:04:05.123456Z",
    "due_on": "2026-04-01",
    "outcome": "changed",
    "settled_at": "2026-03-09T10:00:00.123456Z",
}

EXAMPLES: Final[dict[str, Any]] = {
    "SummaryReadingAsk": {"summary": _SUMMARY, "reason": _READING["reason"]},
    "SummaryReadingGive": {"summary": _SUMMARY},
    "SummaryReadingRead": _READING,
    "HoldSet": {"reason": "Preservation order of the court; do not change."},
    "HoldRead": {
        "held_at": "2026-03-02T15:04:05.123456Z",
        "reason": "Preservation order of the court; do not change.",
    },
    "CorrectionAsk": {"asked_for": "counsel", "ground": "not_the_person"},
    "CorrectionSettle": {"outcome": "changed"},
    "CorrectionRead": _CORRECTION,
    "CorrectionPage": {"items": [_CORRECTION], "next_cursor": None},
}
"""Examples by name of schema, for the OpenAPI document."""
