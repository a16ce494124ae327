from typing import Any, Final

_GRANT: Final = {
    "id": "grt_0198a3c0b1c27d3e8f90a1b2c3d4e5f6",
    "office": "NV002000A",
    "rung": "summary",
    "purpose": "coordination",
    "state": "pending",
    "granted_at": "2026-03-02T15:04:05.123456Z",
    "granted_by": "client:0198a3c0-b1c2-7d3e-8f90-a1b2c3d4e5f6",
    "approved_by": None,
    "expires_at": "2026-12-31T00:00:00Z",
    "overlap_id": None,
    "withdrawn_at": None,
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
_READING: Final = {
    "read_at": "2026-03-02T15:04:05.123456Z",
    "overlap_id": "ovl_0198a3c0b1c27d3e8f90a1b2c3d4e5f6",
    "state": "NV",
    "office_kind": "local",
    "office": "NV002000A",
    "reader": "person",
    "roles": ["prosecutor"],
    "rung": "summary",
    "reason": "charging",
}
_POINTER: Final = ["band", "case", "counterpart.office_kind", "counterpart.state"]
_WALL: Final = {
    "id": "wal_0198a3c0b1c27d3e8f90a1b2c3d4e5f6",
    "office": "NV002000A",
    "person": None,
    "set_at": "2026-03-02T15:04:05.123456Z",
    "lift_asked_at": None,
    "lifted_at": None,
}
_GLASS: Final = {
    "id": "brk_0198a3c0b1c27d3e8f90a1b2c3d4e5f6",
    "overlap_id": "ovl_0198a3c0b1c27d3e8f90a1b2c3d4e5f6",
    "direction": "theirs",
    "office": "NV002000A",
    "office_name": "Dogwood County District Attorney",
    "reason": "A search is under way tonight and persons may still be inside.",
    "broken_at": "2026-03-02T15:04:05.123456Z",
    "expires_at": "2026-03-02T16:04:05.123456Z",
    "review_due_at": "2026-03-05T15:04:05.123456Z",
    "alarmed_at": None,
    "reviewed_at": None,
    "finding": None,
}
_STATE: Final = {
    "id": "ovl_0198a3c0b1c27d3e8f90a1b2c3d4e5f6",
    "version": 1,
    "found_at": "2026-03-02T15:04:05.123456Z",
    "rung": "pointer",
    "band": "strong",
    "findings": [{"finding": "same_person", "kinds": ["name"], "band": "strong"}],
    "office_kinds": ["local", "local"],
}

EXAMPLES: Final[dict[str, Any]] = {
    "GrantMake": {
        **{key: _GRANT[key] for key in ("office", "rung", "purpose")},
        "expires_at": _GRANT["expires_at"],
    },
    "GrantApprove": {"digest": _GRANT["digest"]},
    "GrantRead": _GRANT,
    "GrantPage": {"items": [_GRANT], "next_cursor": None},
    "ReadingPage": {"items": [_READING], "next_cursor": None},
    "AudienceAsk": {
        "disclosure": "contact_first",
        "record_class": "charged",
        "trafficking_type": "labor",
    },
    "AudienceRead": {
        "lines": [
            {
                "relation": "partner",
                "office_kind": "local",
                "offices": 41,
                "rung": "pointer",
                "fields": _POINTER,
            }
        ]
    },
    "AccessRead": {
        "office": "NV002000A",
        "decisions": [
            {
                "relation": "partner",
                "overlap_id": None,
                "rung": "pointer",
                "fields": _POINTER,
                "reasons": ["disclosed"],
            }
        ],
        "grants": [],
    },
    "StateOverlapPage": {"items": [_STATE], "next_cursor": None},
    "WallSet": {"office": "NV002000A"},
    "WallRead": _WALL,
    "WallPage": {"items": [_WALL], "next_cursor": None},
    "GlassAsk": {"reason": _GLASS["reason"], "minutes": 60},
    "GlassReview": {"finding": "justified"},
    "GlassBreakRead": _GLASS,
    "GlassBreakPage": {"items": [_GLASS], "next_cursor": None},
}
"""Examples by name of schema, for the OpenAPI document."""
