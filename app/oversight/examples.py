from typing import Any, Final

from app.sharing.examples import EXAMPLES as OF_SHARING

_CASE: Final = {"source_system": "cms", "external_id": "24-CR-001"}
_NAMED: Final = {"case": _CASE, "office_name": "Dogwood County District Attorney"}
_ENTRY: Final = {
    "at": "2026-03-02T15:04:05.123456Z",
    "action": "case.posted",
    "actor": "client:0198a3c0-b1c2-7d3e-8f90-a1b2c3d4e5f6",
    "actor_name": "Nightly export",
    "object": "17",
    "object_name": "cms 24-CR-001",
    "request_id": "0198a3c0b1c27d3e8f90a1b2c3d4e5f6",
}
EXAMPLES: Final[dict[str, Any]] = {
    "CaseReadingPage": {
        "items": [{**OF_SHARING["ReadingPage"]["items"][0], **_NAMED}],
        "next_cursor": None,
    },
    "CaseGrantPage": {
        "items": [{**OF_SHARING["GrantPage"]["items"][0], **_NAMED}],
        "next_cursor": None,
    },
    "AuditPage": {"items": [_ENTRY], "next_cursor": None},
}
"""Examples by name of schema, for the OpenAPI document; everything is made up."""
