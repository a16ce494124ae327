from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from app.core.schemas import PageRead, Read, Sent

APPROVED_WITHIN: Final = timedelta(hours=24)
"""How long an address waits for the second administrator."""

WebhookId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names a webhook of the office; opaque.",
        examples=["whk_0198a3c0b1c27d3e8f90a1b2c3d4e5f6"],
    ),
]
DeliveryId = Annotated[
    str,
    Field(
        max_length=64,
        description="Names a delivery; opaque. It is not the id of the event.",
        examples=["dlv_0198a3c0b1c27d3e8f90a1b2c3d4e5f7"],
    ),
]
Url = Annotated[str, StringConstraints(min_length=12, max_length=500)]


class WebhookAdd(Sent):
    """Where the office wants to be told of its events."""

    url: Url
    """`https`, a public host by its name, port 443; without user and fragment."""


class WebhookApprove(Sent):
    """The address that a second administrator approves."""

    url: Url
    """Exactly as it was added."""


class WebhookPause(Sent):
    """Whether deliveries wait."""

    is_paused: bool
    """True: nothing is sent and nothing is lost, for 90 days; false: it goes on."""


class SecretRotate(Sent):
    """That the webhook is to be signed with a new secret."""

    ends_old: bool = False
    """True: only the new one signs from now on, because the old one is known to somebody."""


class WebhookSend(Sent):
    """That a message is to be sent."""


class WebhookRead(Read):
    """A webhook of the office, without its secrets."""

    id: WebhookId
    url: str
    """Where it leads."""
    state: Literal["proposed", "active", "paused"]
    """`proposed`: it waits a day for a second administrator, and nothing was ever sent there."""
    paused_for: Literal["administrator", "failing"] | None
    """Why it is paused; `failing`: a delivery was given up after three days. Else null."""
    added_by: str
    """Who added it, as in the audit."""
    added_at: datetime
    """When it was added, UTC."""
    approved_by: str | None
    """Who approved it, as in the audit; null while it is proposed."""
    approved_at: datetime | None
    """When that was, UTC; only events after it are delivered. Null while it is proposed."""
    old_secret_until: datetime | None
    """Until when the secret before the present one signs too, UTC; null: it does not."""

    def has_lapsed(self, now: datetime) -> bool:
        """Return whether nobody approved the address in time."""
        return self.state == "proposed" and now >= self.added_at + APPROVED_WITHIN

    def response_headers(self) -> Mapping[str, str]:
        """Return no headers: a webhook is read in the list."""
        return {}


class WebhookList(Read):
    """The webhooks of the office."""

    items: tuple[WebhookRead, ...]
    """All of them, oldest first."""


class SecretRead(Read):
    """A webhook with its new secret, which is shown only now."""

    webhook: WebhookRead
    """As it is now."""
    secret: str
    """`whsec_` and base64, as libraries for Standard Webhooks take it."""


class DeliveryRead(Read):
    """What became of one message to a webhook."""

    id: DeliveryId
    event_id: str
    """What the message is called, in `webhook-id` too: the same whenever it is sent again."""
    type: str
    """Type of the event; `webhook.test` of a test."""
    state: Literal["waiting", "delivered", "dead", "withheld"]
    """`dead`: given up after ten attempts in three days; `withheld`: your office may not know of
    it any more."""
    attempts: int
    """How often it was sent since it was last asked for."""
    due_at: datetime
    """When it is tried next, UTC, or was settled."""
    status: int | None
    """The receiver's last HTTP status; null where there was no answer."""
    error: str | None
    """A code of what went wrong last, such as `no-answer`; else null."""


class DeliveryPage(PageRead[DeliveryRead]):
    """Deliveries, newest first."""
