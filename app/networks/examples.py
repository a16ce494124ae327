from typing import Any, Final

_CASE: Final = {"source_system": "cms", "external_id": "24-00117"}

EXAMPLES: Final[dict[str, Any]] = {
    "NetworkRead": {
        "cases": [{"case": _CASE, "distance": 0}],
        "counterparts": [
            {
                "label": "1",
                "state": "NV",
                "office_kind": "local",
                "office": {"code": "NV002000A", "name": "Sample District Attorney"},
                "contact": {
                    "title": "Duty deputy",
                    "phone": "555-0100",
                    "email": "duty@example.com",
                },
                "case": None,
            }
        ],
        "edges": [
            {
                "overlap_id": "ovl_0198a3c0b1c27d3e8f90a1b2c3d4e5f6",
                "case": _CASE,
                "counterpart": "1",
                "band": "strong",
                "rung": "contact",
                "verdict": "open",
            }
        ],
        "is_complete": True,
    },
}
"""Examples by name of schema, for the OpenAPI document; everything is made up."""
