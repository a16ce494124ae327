from typing import Any, Final

_OFFICE: Final = {"code": "CA019000A", "name": "Sample District Attorney"}
_MEETING: Final = {"id": "state", "name": "California", "made_on": "2026-03-02"}
_TOPIC: Final = {
    "topic": "new_overlaps",
    "meaning": "New overlaps of the last 35 days",
    "count": 15,
}
_COMMITMENT: Final = {
    "office": _OFFICE,
    "trafficking_type": "labor",
    "lapses_on": "2026-02-01",
    "has_lapsed": True,
}
_ENDING: Final = {"office": _OFFICE, "ends_on": "2026-04-01"}

EXAMPLES: Final[dict[str, Any]] = {
    "MeetingRead": _MEETING,
    "MeetingList": {"items": [_MEETING]},
    "TopicRead": _TOPIC,
    "CommitmentDueRead": _COMMITMENT,
    "ParticipationEndRead": _ENDING,
    "AgendaRead": {
        **_MEETING,
        "state": "CA",
        "has_counts": True,
        "topics": [_TOPIC],
        "offices": [_OFFICE],
        "commitments": [_COMMITMENT],
        "committed": 5,
        "participations": [_ENDING],
    },
    "print_agenda": "%PDF-1.7",
}
"""Examples by name of schema, for the OpenAPI document; everything is made up."""
