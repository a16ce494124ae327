from typing import Any, Final

_DESK: Final = {
    "office": "CA019000A",
    "name": "Alder County District Attorney",
    "state": "CA",
    "title": "Chief, labor unit",
    "phone": "555-0100",
    "email": "labor@da.example",
    "topics": ["coercion", "labor"],
}
_ASKED: Final = {
    "topic": "labor",
    "trafficking_type": "labor",
    "industry": "agriculture",
    "origin": "labor_inspection",
    "stage": None,
    "question": "How did you prove a debt that grew while the wages were paid on paper?",
}
_QUESTION: Final = {
    "id": "inf_0198a3c1d2e47f508192a3b4c5d6e7f8",
    "version": 3,
    "direction": "asked",
    "office": "NV002000A",
    "desk": "CA019000A",
    "status": "used",
    **_ASKED,
    "answer": "Compare the ledgers with the bank's records of the same weeks; ask for both early.",
    "notice": "may be discoverable",
    "use_code": "investigation",
    "asked_at": "2026-03-02T15:04:05.123456Z",
    "expires_at": "2026-04-01T15:04:05.123456Z",
    "taken_at": None,
    "answered_at": "2026-03-04T10:00:00.000000Z",
    "settled_at": "2026-03-20T10:00:00.000000Z",
}

EXAMPLES: Final[dict[str, Any]] = {
    "DeskPut": {"topics": ["coercion", "labor"]},
    "DeskRead": _DESK,
    "DeskPage": {"items": [_DESK], "next_cursor": None},
    "QuestionAsk": {"desk": "CA019000A", **_ASKED},
    "QuestionStep": {},
    "QuestionAnswer": {"answer": _QUESTION["answer"]},
    "QuestionUsed": {"use": "used", "code": "investigation"},
    "QuestionNotUsed": {"use": "not_used", "code": "too_late"},
    "say_use": {"use": "used", "code": "investigation"},
    "QuestionRead": _QUESTION,
    "QuestionPage": {"items": [_QUESTION], "next_cursor": None},
    "FiguresRead": {
        "topics": [
            {
                "topic": "labor",
                "direction": "asked",
                "questions": 1,
                "answered": 1,
                "hours_to_answer": 42.9,
                "used": 1,
                "not_used": 0,
            }
        ]
    },
}
"""Examples by name of schema, for the OpenAPI document; everything is made up."""
