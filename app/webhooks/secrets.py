"""Secrets of webhooks: made here, shown once, sealed in the database; and what they sign."""

import base64
import os
from datetime import datetime
from typing import Final
from uuid import UUID

from app.people.seal import Seal, SealError

_BYTES: Final = 32
_PREFIX: Final = "whsec_"


class SecretLostError(Exception):
    """A secret cannot be opened: the registry's app secret is not the one that sealed it."""


def make() -> str:
    """Return a new secret as libraries for Standard Webhooks take it."""
    return _PREFIX + base64.b64encode(os.urandom(_BYTES)).decode()


def close(seal: Seal, webhook_id: UUID, secret: str) -> bytes:
    """Return a secret sealed for one webhook."""
    return seal.close(f"webhook:{webhook_id}", secret.encode())


def open_secret(seal: Seal, webhook_id: UUID, sealed: bytes) -> str:
    """Return a sealed secret.

    Raises:
        SecretLostError: it was sealed for another webhook, or by another installation.
    """
    try:
        return seal.open(f"webhook:{webhook_id}", sealed).decode()
    except SealError:
        raise SecretLostError from None


def headers(secrets: list[str], message_id: str, body: str, *, now: datetime) -> dict[str, str]:
    """Return the headers of a message, with a signature by each secret.

    Standard Webhooks 1.0, "Signature scheme": several signatures stand with a space between them.
    """
    from standardwebhooks.webhooks import Webhook  # noqa: PLC0415 -- only who sends needs it

    signatures = [Webhook(secret).sign(message_id, now, body) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Joinder",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
