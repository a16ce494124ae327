from typing import Any, Final

_WEBHOOK: Final[dict[str, Any]] = {
    "id": "whk_0198a3c0b1c27d3e8f90a1b2c3d4e5f6",
    "url": "https://cms.example.com/joinder",
    "state": "active",
    "paused_for": None,
    "added_by": "person:0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
    "added_at": "2026-03-02T15:04:05.123456Z",
    "approved_by": "person:0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c",
    "approved_at": "2026-03-02T16:04:05.123456Z",
    "old_secret_until": None,
}
_DELIVERY: Final[dict[str, Any]] = {
    "id": "dlv_0198a3c0b1c27d3e8f90a1b2c3d4e5f7",
    "event_id": "evt_4f1d6a0e9b7c4d2f8a3b5c6d7e8f9012",
    "type": "overlap.found",
    "state": "waiting",
    "attempts": 1,
    "due_at": "2026-03-02T16:05:05.123456Z",
    "status": 503,
    "error": "refused",
}

EXAMPLES: Final[dict[str, Any]] = {
    "WebhookAdd": {"url": "https://cms.example.com/joinder"},
    "WebhookApprove": {"url": "https://cms.example.com/joinder"},
    "WebhookPause": {"is_paused": True},
    "SecretRotate": {"ends_old": False},
    "WebhookSend": {},
    "WebhookRead": _WEBHOOK,
    "WebhookList": {"items": [_WEBHOOK]},
    "SecretRead": {"webhook": _WEBHOOK, "secret": "whsec_bm90LWEtcmVhbC1zZWNyZXQtYXQtYWxsLTAwMDA="},
    "DeliveryRead": _DELIVERY,
    "DeliveryPage": {"items": [_DELIVERY], "next_cursor": None},
}
"""Examples by name of schema, for the OpenAPI document; everything is made up."""
