from typing import Any, Final

LEAD: Final = {"code": "CA019000A", "name": "Sample County District Attorney"}
_OTHER: Final = {"code": "NV002000A", "name": "Other County District Attorney"}
PERIOD: Final = {
    "id": "led_0198a3c1d2e47f508192a3b4c5d6e7f8",
    "office": LEAD,
    "from_office": None,
    "offered_at": "2026-03-04T10:00:00Z",
    "accepted_at": "2026-03-04T10:00:00Z",
    "until": None,
}
MATTER: Final = {
    "id": "mat_0198a3c1d2e47f508192a3b4c5d6e7f8",
    "request_id": "hnd_0198a3c1d2e47f508192a3b4c5d6e7f8",
    "kind": "joint_handling",
    "status": "active",
    "began_on": "2026-03-04",
    "began_at": "2026-03-04T10:00:00Z",
    "agreed_on": "2026-03-04",
    "ends_on": "2027-03-01",
    "ended_at": None,
    "parties": [LEAD, _OTHER],
    "lead": LEAD,
    "is_lead": True,
    "case": {"source_system": "cms", "external_id": "24-CR-001"},
    "leads": [PERIOD],
}
_LISTED: Final = {name: value for name, value in MATTER.items() if name != "leads"}
_CAME: Final = {
    "at": "2026-03-02T15:04:05Z",
    "what": "pointer",
    "from_office": _OTHER,
    "overlap_id": "ovl_0198a3c0b1c27d3e8f90a1b2c3d4e5f6",
}
EXAMPLES: Final[dict[str, Any]] = {
    "MatterRead": MATTER,
    "MatterPage": {"items": [_LISTED], "next_cursor": None},
    "LeadOffer": {"office": "NV002000A"},
    "LeadTake": {"from_office": "CA019000A"},
    "CaseOriginPage": {"items": [_CAME], "next_cursor": None},
    "OriginList": {
        "matter_id": MATTER["id"],
        "items": [_CAME],
    },
}
"""Examples by name of schema or operation, for the OpenAPI document; everything is made up."""
