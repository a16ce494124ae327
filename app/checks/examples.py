from typing import Any, Final

_SHOWN: Final = {
    "overlap_id": "ovl_0198a3c0b1c27d3e8f90a1b2c3d4e5f6",
    "version": 3,
    "band": "strong",
    "rung": "contact",
    "is_same_sovereign": True,
    "next_step": "call",
}
_WHO: Final = {
    "id": "chk_0198a3c1d2e47f508192a3b4c5d6e7f8",
    "act": "plea",
    "checked_at": "2026-03-02T15:04:05.123456Z",
    "checked_by": "client:0198a3c0-b1c2-7d3e-8f90-a1b2c3d4e5f6",
}

EXAMPLES: Final[dict[str, Any]] = {
    "CheckMake": {"act": "plea"},
    "CheckRead": {
        **_WHO,
        "case": {"source_system": "cms", "external_id": "24-00117"},
        "overlaps": [
            {
                **_SHOWN,
                "strength": 34,
                "state": "CA",
                "office_kind": "local",
                "verdict": "open",
                "office": {"code": "CA019000A", "name": "Sample County District Attorney"},
                "contact": {
                    "title": "Duty deputy",
                    "phone": "555-0100",
                    "email": "duty@example.com",
                },
                "backup": None,
                "handling": {"status": "sent", "is_own_lead": None},
            }
        ],
        "is_complete": True,
    },
    "CheckPage": {"items": [{**_WHO, "shown": [_SHOWN]}], "next_cursor": None},
}
"""Examples by name of schema, for the OpenAPI document; everything is made up."""
