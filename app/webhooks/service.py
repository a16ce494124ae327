"""What administrators do with the webhooks of their office."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.accounts.proposers import may_still
from app.audit import service as audit
from app.core.ids import new_id, public_id
from app.notifications import queries as notifications
from app.notifications.service import PREFIX as EVENT
from app.people.seal import Seal
from app.webhooks import queries, secrets
from app.webhooks.destinations import Destinations
from app.webhooks.errors import (
    DeliveryWaitsError,
    SecondAdministratorError,
    TooManyWebhooksError,
    WebhookExistsError,
    WebhookStandsError,
    WebhookUrlError,
)
from app.webhooks.models import Webhook, WebhookDelivery
from app.webhooks.schemas import DeliveryRead, SecretRead, WebhookRead

PREFIX: Final = "whk"
DELIVERY: Final = "dlv"
TEST: Final = "webhook.test"
MOST: Final = 10
OLD_SECRET_FOR: Final = timedelta(days=7)


async def add_webhook(
    session: AsyncSession,
    principal: Principal,
    seal: Seal,
    destinations: Destinations,
    url: str,
    *,
    now: datetime,
) -> SecretRead:
    """Propose an address for the office's events; nothing is sent before another approves it.

    Raises:
        MissingScopeError, StepUpNeededError: the caller is no administrator, or not lately proved.
        WebhookUrlError: no delivery may go there.
        WebhookExistsError, TooManyWebhooksError: the office has one there, or ten.
    """
    _require(principal, now=now)
    if not destinations.allow(url):
        raise WebhookUrlError
    if await queries.count_for_more(session, principal.office_id) >= MOST:
        raise TooManyWebhooksError
    key, secret = new_id(), secrets.make()
    added = await session.scalar(
        insert(Webhook)
        .values(
            id=key,
            office_id=principal.office_id,
            url=url,
            state="proposed",
            added_by=principal.actor,
            added_at=now,
            secret_sealed=secrets.close(seal, key, secret),
            written_in=0,
            number=0,
        )
        .on_conflict_do_nothing(index_elements=["office_id", "url"])
        .returning(Webhook)
    )
    if added is None:
        raise WebhookExistsError(await queries.get_state_at(session, principal.office_id, url))
    await _record(session, principal, "webhook.added", added)
    return SecretRead(webhook=render(added), secret=secret)


async def approve_webhook(
    session: AsyncSession,
    principal: Principal,
    destinations: Destinations,
    key: UUID | None,
    url: str,
    *,
    now: datetime,
) -> WebhookRead:
    """Let deliveries go to an address that another administrator added: events from now on.

    Raises:
        MissingScopeError, StepUpNeededError: as above.
        WebhookNotFoundError: the office has no such webhook.
        WebhookUrlError: `url` is another address, or not allowed any more.
        WebhookStandsError: it is approved already, or nobody did so in time; or who added it may
            not any more.
        SecondAdministratorError: the caller added it.
    """
    _require(principal, now=now)
    webhook = await queries.get_webhook(session, principal.office_id, key, for_update=True)
    if webhook.url != url:
        raise WebhookUrlError("Send the address of the webhook exactly as it was added.")
    if not destinations.allow(url):
        raise WebhookUrlError
    if webhook.state != "proposed" or render(webhook).has_lapsed(now):
        raise WebhookStandsError("lapsed" if webhook.state == "proposed" else webhook.state)
    if webhook.added_by == principal.actor:
        raise SecondAdministratorError
    adder = principal.office_id, webhook.added_by
    if not await may_still(session, *adder, Permission.WEBHOOKS_MANAGE, now=now):
        raise WebhookStandsError("not_theirs")
    place = await notifications.get_horizon(session)
    webhook.written_in, webhook.number = notifications.parts_of(place)
    webhook.state, webhook.approved_by, webhook.approved_at = "active", principal.actor, now
    return await _changed(session, principal, "webhook.approved", webhook)


async def set_paused(
    session: AsyncSession, principal: Principal, key: UUID | None, *, is_paused: bool, now: datetime
) -> WebhookRead:
    """Let deliveries wait, or go on with all that happened meanwhile.

    Raises:
        MissingScopeError, StepUpNeededError, WebhookNotFoundError: as above.
        WebhookStandsError: it is not approved yet.
    """
    _require(principal, now=now)
    webhook = await queries.get_webhook(session, principal.office_id, key, for_update=True)
    if webhook.state == "proposed":
        raise WebhookStandsError(webhook.state)
    webhook.state = "paused" if is_paused else "active"
    webhook.paused_for = "administrator" if is_paused else None
    if not is_paused:
        await queries.resume(session, webhook, now=now)
    action = "webhook.paused" if is_paused else "webhook.resumed"
    return await _changed(session, principal, action, webhook)


async def rotate_secret(
    session: AsyncSession,
    principal: Principal,
    seal: Seal,
    key: UUID | None,
    *,
    ends_old: bool,
    now: datetime,
) -> SecretRead:
    """Give a webhook a new secret; the one before it signs too for a week, unless it is ended.

    Repeated within that week only the newest is replaced: whoever lost it asks again, and the
    receiver's old one still counts.

    Raises:
        MissingScopeError, StepUpNeededError, WebhookNotFoundError: as above.
    """
    _require(principal, now=now)
    webhook = await queries.get_webhook(session, principal.office_id, key, for_update=True)
    has_old = webhook.old_secret_until is not None and webhook.old_secret_until > now
    if ends_old:
        webhook.old_secret_sealed = webhook.old_secret_until = None
    elif not has_old:
        webhook.old_secret_sealed = webhook.secret_sealed
        webhook.old_secret_until = now + OLD_SECRET_FOR
    secret = secrets.make()
    webhook.secret_sealed = secrets.close(seal, webhook.id, secret)
    read = await _changed(session, principal, "webhook.secret_rotated", webhook)
    return SecretRead(webhook=read, secret=secret)


async def delete_webhook(
    session: AsyncSession, principal: Principal, key: UUID | None, *, now: datetime
) -> WebhookRead:
    """Delete a webhook with its secrets and what waits for it.

    Raises:
        MissingScopeError, StepUpNeededError, WebhookNotFoundError: as above.
    """
    _require(principal, now=now)
    webhook = await queries.get_webhook(session, principal.office_id, key, for_update=True)
    await session.delete(webhook)
    return await _changed(session, principal, "webhook.deleted", webhook)


async def send_test(
    session: AsyncSession, principal: Principal, key: UUID | None, *, now: datetime
) -> DeliveryRead:
    """Put a message that is about nothing into the outbox of a webhook.

    Raises:
        MissingScopeError, StepUpNeededError, WebhookNotFoundError: as above.
        WebhookStandsError: it is not active.
    """
    _require(principal, now=now)
    webhook = await queries.get_webhook(session, principal.office_id, key, for_update=True)
    if webhook.state != "active":
        raise WebhookStandsError(webhook.state)
    delivery_id = new_id()
    await queries.add_deliveries(session, webhook, [(delivery_id, None, new_id(), TEST)], now=now)
    await _record(session, principal, "webhook.tested", webhook)
    return render_delivery(await queries.get_delivery(session, webhook, delivery_id))


async def list_webhooks(session: AsyncSession, principal: Principal) -> list[WebhookRead]:
    """Return the webhooks of the caller's office, oldest first.

    Raises:
        MissingScopeError: the caller is no administrator.
    """
    principal.require(Permission.WEBHOOKS_MANAGE)
    return [render(each) for each in await queries.list_webhooks(session, principal.office_id)]


async def list_deliveries(
    session: AsyncSession,
    principal: Principal,
    key: UUID | None,
    *,
    before: UUID | None,
    limit: int,
) -> list[tuple[UUID, DeliveryRead]]:
    """Return a page of what was sent to a webhook, newest first.

    Raises:
        MissingScopeError, WebhookNotFoundError: as above.
    """
    principal.require(Permission.WEBHOOKS_MANAGE)
    webhook = await queries.get_webhook(session, principal.office_id, key)
    found = await queries.list_deliveries(session, webhook, before=before, limit=limit)
    return [(each.id, render_delivery(each)) for each in found]


async def redeliver(
    session: AsyncSession,
    principal: Principal,
    key: UUID | None,
    delivery_id: UUID | None,
    *,
    now: datetime,
) -> DeliveryRead:
    """Send a message again under its old id, however it ended.

    Raises:
        MissingScopeError, StepUpNeededError, WebhookNotFoundError, DeliveryNotFoundError: as above.
        DeliveryWaitsError: it is to be sent anyway, or never again.
    """
    _require(principal, now=now)
    webhook = await queries.get_webhook(session, principal.office_id, key, for_update=True)
    delivery = await queries.get_delivery(session, webhook, delivery_id)
    if delivery.state not in {"delivered", "dead"}:
        raise DeliveryWaitsError(delivery.state)
    delivery.state, delivery.attempts, delivery.due_at = "waiting", 0, now
    delivery.alarmed_at = None
    await session.flush()  # as below
    name = public_id(DELIVERY, delivery.id)
    await _record(session, principal, "webhook.redelivered", webhook, delivery=name)
    return render_delivery(delivery)


def _require(principal: Principal, *, now: datetime) -> None:
    principal.require(Permission.WEBHOOKS_MANAGE)
    principal.require_step_up(now)


async def _changed(
    session: AsyncSession, principal: Principal, action: str, webhook: Webhook
) -> WebhookRead:
    await session.flush()  # a refusal of the database speaks before the audit entry is written
    await _record(session, principal, action, webhook)
    return render(webhook)


async def _record(
    session: AsyncSession, principal: Principal, action: str, webhook: Webhook, **detail: str
) -> None:
    await audit.record(session, principal, action, public_id(PREFIX, webhook.id), detail=detail)


def render(webhook: Webhook) -> WebhookRead:
    """Return a webhook as its office reads it."""
    fields = {name: getattr(webhook, name) for name in WebhookRead.model_fields}
    return WebhookRead.model_validate({**fields, "id": public_id(PREFIX, webhook.id)})


def render_delivery(made: WebhookDelivery) -> DeliveryRead:
    """Return a delivery as its office reads it."""
    fields = {name: getattr(made, name, None) for name in DeliveryRead.model_fields}
    own = {"id": public_id(DELIVERY, made.id), "event_id": message_id(made.type, made.key)}
    return DeliveryRead.model_validate({**fields, **own})


def message_id(event_type: str, key: UUID) -> str:
    """Return what a message is called outside: like the event, or like a test."""
    return public_id("tst" if event_type == TEST else EVENT, key)
