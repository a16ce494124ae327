from typing import Any, Final

from app.matters.examples import LEAD, MATTER, PERIOD

_MEMBER: Final = {
    "id": "mbr_0198a3c1d2e47f508192a3b4c5d6e7f8",
    "office": "CA019000A",
    "name": "Dana Sample",
    "post": "prosecutor",
    "joined_on": "2026-03-04",
    "left_on": None,
}
_TASK: Final = {
    "id": "tsk_0198a3c1d2e47f508192a3b4c5d6e7f8",
    "office": "NV002000A",
    "kind": "share_evidence",
    "note": "Payroll records of the worksite.",
    "due_on": "2026-04-01",
    "made_at": "2026-03-04T10:05:00Z",
    "done_at": None,
}
_NOTE: Final = {
    "office": "CA019000A",
    "kind": "decision",
    "text": "The first charges are filed in Sample County.",
    "asks_disclosure": True,
    "written_at": "2026-03-05T09:00:00Z",
    "may_be_discoverable": True,
}

EXAMPLES: Final[dict[str, Any]] = {
    "MemberAdd": {key: _MEMBER[key] for key in ("name", "post", "joined_on")},
    "MemberEnd": {"left_on": "2026-09-30"},
    "MemberRead": _MEMBER,
    "MemberPage": {"items": [_MEMBER], "next_cursor": None},
    "TaskAdd": {key: _TASK[key] for key in ("office", "kind", "note", "due_on")},
    "TaskFinish": {},
    "TaskRead": _TASK,
    "TaskPage": {"items": [_TASK], "next_cursor": None},
    "NoteWrite": {key: _NOTE[key] for key in ("kind", "text", "asks_disclosure")},
    "NoteRead": _NOTE,
    "NotePage": {"items": [_NOTE], "next_cursor": None},
    "StatementRead": {
        "matter_id": MATTER["id"],
        "made_at": "2026-10-01T12:00:00Z",
        "on": None,
        **{key: MATTER[key] for key in ("status", "began_on", "ends_on", "ended_at", "parties")},
        "leads": [PERIOD],
        "members": [
            {
                "office": LEAD["name"],
                **{key: _MEMBER[key] for key in ("name", "post", "joined_on", "left_on")},
            }
        ],
    },
    "print_team_statement": "%PDF-1.7",
    "read_calendar": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Joinder//Matter//EN\r\n"
    "END:VCALENDAR\r\n",
}
"""Examples by name of schema or operation, for the OpenAPI document; everything is made up."""
