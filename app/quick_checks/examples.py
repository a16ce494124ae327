from typing import Any, Final

_ELEMENT: Final = "AiYXAnK1rb8gMyBEKFMVVZ5DGfkjTvQMVFLlDQ_WSDA"

EXAMPLES: Final[dict[str, Any]] = {
    "QuickCheckMake": {
        "match_spec": "joinder/v1",
        "epoch": 1,
        "reason": "investigation",
        "subjects": [
            {
                "ref": "1",
                "identifiers": [
                    {"kind": "tel", "provenance": "own_investigation", "token": _ELEMENT}
                ],
            }
        ],
    },
    "QuickCheckRead": {
        "id": "qck_0198a3c1d2e47f508192a3b4c5d6e7f8",
        "case": {"source_system": "cms", "external_id": "24-00117"},
        "reason": "investigation",
        "checked_at": "2026-03-02T15:04:05.123456Z",
        "hits": [
            {
                "ref": "1",
                "band": "shared_only",
                "findings": [{"finding": "shared_identifier", "kinds": ["tel"], "band": None}],
                "rung": "contact",
                "state": "NV",
                "office_kind": "local",
                "office": {"code": "NV002000A", "name": "Sample District Attorney"},
                "contact": {
                    "title": "Duty deputy",
                    "phone": "555-0100",
                    "email": "duty@example.com",
                },
            }
        ],
        "common": [],
        "is_complete": True,
        "left": 399,
    },
}
"""Examples by name of schema, for the OpenAPI document; everything is made up."""
