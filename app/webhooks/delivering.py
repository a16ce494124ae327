"""From the feed into the outbox, and out of it to the receivers: at least once, by many workers.

Everything here acts for one webhook and its office, by whose rows the database keeps it: an event
cannot reach another office's webhook, and none waits until another one answers. No connection to
the database is held while a receiver is asked.
"""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.vocabulary import Role
from app.audit import service as audit
from app.core.db import Sessions, transaction
from app.core.ids import new_id, public_id
from app.core.outbound import FetchError, asked, resolve
from app.notifications import queries as notifications
from app.notifications.queries import FeedRow
from app.notifications.schemas import EventRead
from app.notifications.service import render
from app.offices.queries import is_participating, is_suspended
from app.outbox import queries as outbox
from app.outbox.service import next_try
from app.people.seal import Seal
from app.webhooks import queries, secrets
from app.webhooks.destinations import Destinations
from app.webhooks.models import Webhook
from app.webhooks.queries import DELIVERIES
from app.webhooks.service import DELIVERY, PREFIX, TEST, message_id

BATCH: Final = 100
AT_ONCE: Final = 10
LEASE: Final = timedelta(minutes=2)
"""For how long a worker has what it claimed; more than `AT_ONCE` at the same time can take."""
WITHIN: Final = timedelta(seconds=10)
RETRIES: Final = (
    *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
"""Waits after each failure, as Standard Webhooks 1.0 advises; after the last it is given up."""
_GONE: Final = 410
_UNREADABLE: Final = "unreadable"


@dataclass(frozen=True)
class Post:
    """What every delivery needs."""

    sessions: Sessions
    """Of the application's role."""
    seal: Seal
    destinations: Destinations


@dataclass(frozen=True)
class _Outcome:
    status: int | None = None
    error: str | None = None


async def webhooks_to_tell(post: Post, *, now: datetime) -> list[tuple[int, UUID]]:
    """Return office and key of the webhooks for which there is something to do."""
    async with transaction(post.sessions) as session:
        return await queries.list_waiting(session, now=now)


async def deliver(post: Post, office_id: int, webhook_id: UUID, *, now: datetime) -> int:
    """Fill a webhook's outbox from its office's feed and send what is due; returns how much.

    What becomes of one message changes nothing for the others.
    """
    async with transaction(post.sessions) as session:
        if await is_suspended(session, office_id):  # its events wait
            return 0
        principal = await _principal(session, office_id, now=now)
    async with transaction(post.sessions, principal) as session:
        if webhook := await queries.lock_active(session, webhook_id):
            await _fill(session, principal, webhook, now=now)
    claimed = await _claim(post, principal, webhook_id, now=now)
    await asyncio.gather(*(_try(post, principal, row, body, now=now) for row, body in claimed))
    return len(claimed)


async def _principal(session: AsyncSession, office_id: int, *, now: datetime) -> Principal:
    """Return who delivers: may read what a machine client of the office may."""
    return Principal(
        actor="worker",
        office_id=office_id,
        permissions=frozenset({Permission.OVERLAPS_READ}),
        is_participating=await is_participating(session, office_id, now=now),
        roles=frozenset({Role.CLIENT}),
    )


async def _fill(
    session: AsyncSession, principal: Principal, webhook: Webhook, *, now: datetime
) -> None:
    """Put the events that the office may know of into the outbox, in the order of commits."""
    place = notifications.place_of(webhook.written_in, webhook.number)
    horizon = await notifications.get_horizon(session)  # before the feed, which then has all below
    rows = await notifications.list_events(session, principal, after=place, limit=BATCH, now=now)
    shown = [row for row in rows if row.is_shown]
    await queries.add_deliveries(
        session, webhook, [(new_id(), row.number, row.key, row.type) for row in shown], now=now
    )
    reached = rows[-1].place if len(rows) == BATCH else max(horizon, place)
    webhook.written_in, webhook.number = notifications.parts_of(reached)


async def _claim(
    post: Post, principal: Principal, webhook_id: UUID, *, now: datetime
) -> list[tuple[asyncpg.Record, str]]:
    """Return due deliveries with their bodies; the audit says so before anything is sent."""
    async with transaction(post.sessions, principal) as session:
        claimed = await queries.claim(
            session, webhook_id, now=now, until=now + LEASE, limit=AT_ONCE
        )
        numbers = [row["event_number"] for row in claimed if row["event_number"] is not None]
        events = await notifications.list_numbered(session, principal, numbers, now=now)
        bodies = {row.number: _body(row) for row in events}
        ready = []
        for row in claimed:
            if row["attempts"] > len(RETRIES) + 1:  # whoever had it never came back
                await _fail(session, row, _Outcome(error="worker-lost"), now=now)
            elif row["type"] == TEST:
                ready.append((row, _test(row, now)))
            elif (body := bodies.get(row["event_number"], "")) is None:
                await outbox.settle(session, DELIVERIES, row, "dead", at=now, error=_UNREADABLE)
            elif body:
                ready.append((row, body))
            else:
                await outbox.settle(session, DELIVERIES, row, "withheld", at=now)
        for row, _ in ready:
            detail = {
                "message": message_id(row["type"], row["key"]),
                "delivery": public_id(DELIVERY, row["id"]),
                "attempt": row["attempts"],
            }
            await audit.record(
                session,
                principal,
                "webhook.sent",
                public_id(PREFIX, row["webhook_id"]),
                recipients=[principal.office_id],
                detail=detail,
            )
    return ready


def _body(row: FeedRow) -> str | None:
    """Return a message: that something happened, when, and the ids to read it by; no more.

    None of an event that this release does not know.
    """
    event = render(row)
    if event is None:
        return None
    ids = {
        name: getattr(event, name)
        for name in EventRead.model_fields
        if name == "id" or name.endswith("_id")
    }
    data = {name: value for name, value in ids.items() if value is not None}
    return _json(event.type, event.at, data)


def _test(row: asyncpg.Record, now: datetime) -> str:
    return _json(TEST, now, {"id": message_id(TEST, row["key"])})


def _json(event_type: str, at: datetime, data: dict[str, str]) -> str:
    timestamp = at.isoformat().replace("+00:00", "Z")
    return json.dumps({"type": event_type, "timestamp": timestamp, "data": data})


async def _try(
    post: Post, principal: Principal, row: asyncpg.Record, body: str, *, now: datetime
) -> None:
    try:
        await _send(post, principal, row, body, now=now)
    except Exception as error:  # noqa: BLE001 -- as below; when its claim is over it is sent again
        structlog.get_logger().error("delivery_unsettled", error=type(error).__name__)


async def _send(
    post: Post, principal: Principal, row: asyncpg.Record, body: str, *, now: datetime
) -> None:
    """Send one message and write down how it went; a failure is this message's alone."""
    try:
        outcome = await _post(post, row, body, now=now)
    except Exception as error:  # noqa: BLE001 -- the edge of a message: the others are sent anyway
        structlog.get_logger().error("delivery_failed", error=type(error).__name__)
        outcome = _Outcome(error="unexpected")
    async with transaction(post.sessions, principal) as session:
        if outcome.error is None:
            await outbox.settle(
                session, DELIVERIES, row, "delivered", at=now, status=outcome.status
            )
        else:
            await _fail(session, row, outcome, now=now)


async def _post(post: Post, row: asyncpg.Record, body: str, *, now: datetime) -> _Outcome:
    """Send one message; nothing of the answer is read but its status."""
    import httpx  # noqa: PLC0415 -- slow to import, and only a worker sends

    sealed = [row["secret_sealed"]]
    if row["old_secret_until"] is not None and row["old_secret_until"] > now:
        sealed.append(row["old_secret_sealed"])
    try:
        keys = [secrets.open_secret(post.seal, row["webhook_id"], each) for each in sealed]
        headers = secrets.headers(keys, message_id(row["type"], row["key"]), body, now=now)
        post.destinations.check(row["url"])
        async with asyncio.timeout(WITHIN.total_seconds()):
            address = await resolve(row["url"], allow_loopback=post.destinations.allow_loopback)
            async with asked(
                "POST", row["url"], address, headers=headers, content=body.encode()
            ) as answer:
                status, is_taken = answer.status_code, answer.is_success
    except secrets.SecretLostError:
        return _Outcome(error="secret-lost")
    except FetchError:
        return _Outcome(error="address-refused")
    except (OSError, ValueError, httpx.HTTPError, httpx.InvalidURL):
        return _Outcome(error="no-answer")
    return _Outcome(status, None if is_taken else "refused")


async def _fail(
    session: AsyncSession, row: asyncpg.Record, outcome: _Outcome, *, now: datetime
) -> None:
    """Let a message wait longer each time, with jitter; give it up, and pause, after the last."""
    again = next_try(RETRIES, row["attempts"], now=now) if outcome.status != _GONE else None
    state = "dead" if again is None else "waiting"
    if state == "dead":
        await queries.lock(session, row["webhook_id"])  # who deletes it locks it first, too
    is_ours = await outbox.settle(
        session,
        DELIVERIES,
        row,
        state,
        at=again or now,
        error=outcome.error,
        status=outcome.status,
    )
    if is_ours and state == "dead":
        await queries.pause_failing(session, row["webhook_id"])
