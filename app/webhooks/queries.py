"""The only module that selects webhooks and their deliveries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import locks
from app.core.db import driver
from app.outbox.queries import Outbox
from app.webhooks.errors import DeliveryNotFoundError, WebhookNotFoundError
from app.webhooks.models import Webhook, WebhookDelivery

_WAITING: Final = "SELECT office_id, webhook_id FROM webhooks_to_tell($1)"

_ADD_DELIVERIES: Final = """
INSERT INTO webhook_deliveries
  (id, office_id, webhook_id, event_number, key, type, state, attempts, due_at)
SELECT id, $1, $2, number, key, type, 'waiting', 0, $7
FROM unnest($3::uuid[], $4::bigint[], $5::uuid[], $6::text[]) AS q (id, number, key, type)
ON CONFLICT DO NOTHING
"""

# One worker has each: others skip what it has locked, and what it has claimed until its time is
# over. The webhook is locked first, as by whoever deletes it or lets it go on: these wait for its
# deliveries, and who gives one up pauses it. $1 the webhook, $2 now, $3 until when, $4 how many
_CLAIM: Final = """
WITH w AS MATERIALIZED (
  SELECT id, url, secret_sealed, old_secret_sealed, old_secret_until FROM webhooks
  WHERE id = $1 AND state = 'active' FOR NO KEY UPDATE)
UPDATE webhook_deliveries d
SET attempts = d.attempts + 1, claimed_until = $3, tried_at = $2
FROM w
WHERE w.id = d.webhook_id AND d.id IN (
  SELECT x.id FROM w AS y JOIN webhook_deliveries x ON x.webhook_id = y.id
  WHERE x.state = 'waiting' AND x.due_at <= $2
    AND (x.claimed_until IS NULL OR x.claimed_until <= $2)
  ORDER BY x.due_at, x.id LIMIT $4
  FOR NO KEY UPDATE OF x SKIP LOCKED)
RETURNING d.id, d.webhook_id, d.event_number, d.key, d.type, d.attempts,
  w.url, w.secret_sealed, w.old_secret_sealed, w.old_secret_until
"""
_RESUME: Final = text(
    "UPDATE webhook_deliveries SET due_at = :now"
    " WHERE webhook_id = :webhook AND state = 'waiting' AND due_at < :now"
)
_LOCK: Final = "SELECT FROM webhooks WHERE id = $1 FOR NO KEY UPDATE"
_PAUSE: Final = """
UPDATE webhooks SET state = 'paused', paused_for = 'failing' WHERE id = $1 AND state = 'active'
RETURNING id
"""
DELIVERIES: Final = Outbox(
    "webhook",
    "webhook_deliveries",
    "webhook_id IN (SELECT w.id FROM webhooks w JOIN offices o ON o.id = w.office_id"
    " WHERE w.state = 'active' AND o.suspended_at IS NULL)",
    has_status=True,
)


async def list_waiting(session: AsyncSession, *, now: datetime) -> list[tuple[int, UUID]]:
    """Return office and key of the webhooks for which there is something to do; needs no office."""
    rows = await (await driver(session)).fetch(_WAITING, now)
    return [(row[0], row[1]) for row in rows]


async def list_webhooks(session: AsyncSession, office_id: int) -> list[Webhook]:
    """Return the webhooks of an office, oldest first."""
    found = select(Webhook).where(Webhook.office_id == office_id).order_by(Webhook.id)
    return list(await session.scalars(found))


async def get_state_at(session: AsyncSession, office_id: int, url: str) -> str:
    """Return where the office's webhook at an address stands, `deleted` if it is gone again."""
    there = select(Webhook.state).where(Webhook.office_id == office_id, Webhook.url == url)
    state: str | None = await session.scalar(there)
    return state or "deleted"


async def lock_active(session: AsyncSession, key: UUID) -> Webhook | None:
    """Return a webhook, locked; None when it is not active or another worker has it."""
    found = select(Webhook).where(Webhook.id == key, Webhook.state == "active")
    locked: Webhook | None = await session.scalar(
        found.with_for_update(skip_locked=True, key_share=True)
    )
    return locked


async def get_webhook(
    session: AsyncSession, office_id: int, key: UUID | None, *, for_update: bool = False
) -> Webhook:
    """Return a webhook of an office, locked until the transaction ends if so asked.

    Raises:
        WebhookNotFoundError: the office has none of this key.
    """
    asked = select(Webhook).where(Webhook.office_id == office_id, Webhook.id == key)
    found: Webhook | None = await session.scalar(asked.with_for_update() if for_update else asked)
    if found is None:
        raise WebhookNotFoundError
    return found


async def count_for_more(session: AsyncSession, office_id: int) -> int:
    """Return how many webhooks an office has; nobody adds one before the transaction ends."""
    await locks.alone(session, f"webhooks of {office_id}")
    counted = select(func.count()).where(Webhook.office_id == office_id)
    return (await session.execute(counted)).scalar_one()


async def add_deliveries(
    session: AsyncSession,
    webhook: Webhook,
    rows: Sequence[tuple[UUID, int | None, UUID, str]],
    *,
    now: datetime,
) -> None:
    """Put (id, event, key, type) into the outbox of a webhook, those that are there left out."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
    connection = await driver(session)
    await connection.execute(_ADD_DELIVERIES, webhook.office_id, webhook.id, *columns, now)


async def claim(
    session: AsyncSession, webhook_id: UUID, *, now: datetime, until: datetime, limit: int
) -> list[asyncpg.Record]:
    """Return due deliveries of a webhook, claimed `until` then, each with what it is sent by."""
    rows: list[asyncpg.Record] = await (await driver(session)).fetch(
        _CLAIM, webhook_id, now, until, limit
    )
    return rows


async def lock(session: AsyncSession, webhook_id: UUID) -> None:
    """Lock a webhook, before any delivery of it, until the transaction ends."""
    await (await driver(session)).execute(_LOCK, webhook_id)


async def pause_failing(session: AsyncSession, webhook_id: UUID) -> bool:
    """Pause a webhook that does not take what it is sent; False when it was not active."""
    return await (await driver(session)).fetchval(_PAUSE, webhook_id) is not None


async def resume(session: AsyncSession, webhook: Webhook, *, now: datetime) -> None:
    """Have what became due while a webhook was paused be due now: nobody is late with it."""
    await session.execute(_RESUME, {"webhook": webhook.id, "now": now})


async def get_delivery(
    session: AsyncSession, webhook: Webhook, key: UUID | None
) -> WebhookDelivery:
    """Return a delivery of a webhook, locked until the transaction ends.

    Raises:
        DeliveryNotFoundError: the webhook has none of this key.
    """
    asked = select(WebhookDelivery).where(
        WebhookDelivery.webhook_id == webhook.id, WebhookDelivery.id == key
    )
    found: WebhookDelivery | None = await session.scalar(asked.with_for_update())
    if found is None:
        raise DeliveryNotFoundError
    return found


async def list_deliveries(
    session: AsyncSession, webhook: Webhook, *, before: UUID | None, limit: int
) -> list[WebhookDelivery]:
    """Return a page of a webhook's deliveries, newest first."""
    page = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook.id)
    if before is not None:
        page = page.where(WebhookDelivery.id < before)
    return list(await session.scalars(page.order_by(WebhookDelivery.id.desc()).limit(limit)))
