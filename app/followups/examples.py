from typing import Any, Final

from app.cases.examples import EXAMPLES as OF_CASES
from app.sharing.examples import EXAMPLES as OF_SHARING

_FOLLOW_UP: Final = {
    "overlap": OF_CASES["OverlapRead"],
    "state": "acknowledged",
    "round": 1,
    "assignee": {"person": "psn_0198a3c0b1c27d3e8f90a1b2c3d4e5f6", "name": "Casey Example"},
    "due": {"step": "judge", "on": "2026-03-10", "is_overdue": True},
    "acknowledged_at": "2026-03-03T09:30:00Z",
    "contacted_at": None,
    "resolved_at": None,
    "resolution": None,
    "disclosure_asked_at": None,
    "other_state": "new",
    "reminders": [
        {
            "level": "reminder",
            "step": "judge",
            "due_on": "2026-03-10",
            "made_at": "2026-03-11T03:00:00Z",
        }
    ],
    "version": "1-3",
}
_MEDIATION: Final = {
    "overlap": OF_SHARING["StateOverlapPage"]["items"][0],
    "asked_at": "2026-03-20T03:00:00Z",
}

EXAMPLES: Final[dict[str, Any]] = {
    "FollowUpStep": {"event": "resolve", "resolution": "handled_separately"},
    "AssignmentPut": {"person": "psn_0198a3c0b1c27d3e8f90a1b2c3d4e5f6"},
    "FollowUpRead": _FOLLOW_UP,
    "FollowUpPage": {"items": [_FOLLOW_UP], "next_cursor": None},
    "MediationPage": {"items": [_MEDIATION], "next_cursor": None},
}
"""Examples by name of schema, for the OpenAPI document; everything is made up."""
