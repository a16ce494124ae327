from typing import Any, Final

_CHARGE: Final = {
    "charged_on": "2026-03-02",
    "expires_on": "2026-05-01",
    "digests": ["oXfCO_MK23DYeQDnLQLw4sIYGcWPuMB0eASEHpA7LHs"],
    "office": {
        "code": "CA019000A",
        "name": "Alder County District Attorney",
        "state": "CA",
        "title": "Duty deputy",
        "phone": "555-0100",
        "email": "duty@da.example",
    },
}

EXAMPLES: Final[dict[str, Any]] = {
    "ChargePage": {"epoch": 1, "items": [_CHARGE], "next_cursor": None},
    "ChargeRead": _CHARGE,
    "FeedChoicePut": {"has_contact_first": True},
    "FeedChoiceRead": {"has_contact_first": True, "chosen_at": "2026-03-02T15:04:05.123456Z"},
}
"""Examples by name of schema, for the OpenAPI document; everything is made up."""
