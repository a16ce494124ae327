from typing import Any, Final

from app.notifications.examples import EXAMPLES as EVENTS

_NOTICE: Final[dict[str, Any]] = {
    "event": EVENTS["EventRead"],
    "is_read": False,
    "case": {"source_system": "cms", "external_id": "24-CF-0117"},
}

EXAMPLES: Final[dict[str, Any]] = {
    "NoticePage": {"items": [_NOTICE], "next_cursor": None},
    "NoticeMark": {"is_read": True},
    "NoticesMark": {"through": EVENTS["EventRead"]["id"]},
    "NoticesMarked": {"unread": 3},
    "NoticeSettingsPut": {
        "muted": ["overlap.updated"],
        "mail": "daily",
        "address": "duty.deputy@da.example.gov",
    },
    "NoticeSettingsRead": {
        "muted": ["overlap.updated"],
        "mail": "daily",
        "address": "duty.deputy@da.example.gov",
        "is_mail_sent": True,
    },
}
"""Examples by name of schema, for the OpenAPI document; everything is made up."""
