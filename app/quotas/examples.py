from typing import Any, Final

EXAMPLES: Final[dict[str, Any]] = {
    "PermitAsk": {
        "epoch": 1,
        "reason": "new_case",
        "cases": [{"source_system": "cms", "external_id": "24-CR-001"}],
        "counts": {"person": 2, "tel": 1},
        "digest": "oXfCO_MK23DYeQDnLQLw4sIYGcWPuMB0eASEHpA7LHs",
    },
    "PermitRead": {
        "permit": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImpvaW5kZXItcGVybWl0K2p3dCJ9.eyJqdGkiOiIifQ.c2ln",
        "expires_in": 300,
    },
}
"""Examples by name of schema, for the OpenAPI document; the digest is of the evaluator's."""
