from typing import Any, Final

_ENTRY: Final = {
    "id": "sup_0198a3c4b1c27d3e8f90a1b2c3d4e5f6",
    "owner": "CA019000A",
    "is_own": True,
    "kind": "tel",
    "epoch": 1,
    "mode": "block",
    "scope": "office",
    "state": None,
    "reason": "hotline",
    "expires_on": "2027-03-01",
    "added_at": "2026-03-02T15:04:05.123456Z",
    "ended_at": None,
}

EXAMPLES: Final[dict[str, Any]] = {
    "SuppressionAdd": {
        "match_spec": "joinder/v1",
        "epoch": 1,
        "kind": "tel",
        "token": "AiYXAnK1rb8gMyBEKFMVVZ5DGfkjTvQMVFLlDQ_WSDA",
        "mode": "block",
        "scope": "office",
        "reason": "hotline",
        "expires_on": "2027-03-01",
    },
    "SuppressionEnd": {},
    "SuppressionRead": _ENTRY,
    "SuppressionPage": {"items": [_ENTRY], "next_cursor": None},
}
"""Examples by name of schema, for the OpenAPI document; everything is made up."""
