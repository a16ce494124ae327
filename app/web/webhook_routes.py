"""Pages of the webhooks of an office, for its administrators."""

from uuid import uuid4

from fastapi import APIRouter, Response

from app.access.permissions import Permission
from app.core.deps import Session
from app.core.ids import parse_public_id
from app.people.deps import CurrentGate
from app.web import forms
from app.web.deps import Changing, Cursor, Note, Reading, page
from app.web.once import is_first
from app.web.pages import PageRoute, Visit
from app.webhooks import service
from app.webhooks.errors import (
    TooManyWebhooksError,
    WebhookExistsError,
    WebhookNotFoundError,
    WebhookUrlError,
)
from app.webhooks.routes import Allowed
from app.webhooks.schemas import DeliveryId, WebhookAdd, WebhookId, WebhookRead

router = APIRouter(route_class=PageRoute)
PER_PAGE = 25
_SCOPE = Permission.WEBHOOKS_MANAGE


@router.get("/webhooks", **page(_SCOPE))
async def show_webhooks(
    visit: Reading,
    session: Session,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show the addresses that are told of the office's events."""
    return await _webhooks(visit, session, {})


async def _webhooks(visit: Visit, session: Session, errors: dict[str, str]) -> Response:
    return visit.page(
        "webhooks/webhooks.html",
        status=422 if errors else 200,
        webhooks=await service.list_webhooks(session, visit.principal),
        form=visit.form,
        errors=errors,
    )


@router.post("/webhooks", **page(_SCOPE))
async def add_webhook(
    visit: Changing, session: Session, gate: CurrentGate, allowed: Allowed
) -> Response:
    """Propose an address; its secret is shown on the page that follows, and never again."""
    body, _ = forms.read(WebhookAdd, forms.only(visit.form, "url"))
    if body is None:
        return await _webhooks(visit, session, {"url": WebhookUrlError.default_detail})
    try:
        made = await service.add_webhook(
            session, visit.principal, gate.seal, allowed, body.url, now=visit.now
        )
    except (WebhookUrlError, WebhookExistsError, TooManyWebhooksError) as error:  # nothing stored
        return await _webhooks(visit, session, {"url": error.detail})
    return await _webhook(visit, session, made.webhook.id, secret=made.secret)


@router.get("/webhooks/{webhook_id}", **page(_SCOPE, WebhookNotFoundError))
async def show_webhook(
    webhook_id: WebhookId,
    visit: Reading,
    session: Session,
    response: Response,
    cursor: Cursor = None,
    note: Note = "",  # noqa: ARG001 -- the frame reads it
) -> Response:
    """Show one webhook and what was sent to it."""
    return await _webhook(visit, session, webhook_id, response=response, cursor=cursor)


async def _webhook(
    visit: Visit,
    session: Session,
    webhook_id: str,
    *,
    secret: str = "",
    response: Response | None = None,
    cursor: str | None = None,
) -> Response:
    wanted = visit.list_page(response or Response(), cursor, PER_PAGE, "")
    key = parse_public_id(service.PREFIX, webhook_id)
    found = await service.list_deliveries(
        session, visit.principal, key, before=wanted.id, limit=PER_PAGE
    )
    webhook = await _read(visit, session, webhook_id)
    return visit.page(
        "webhooks/webhook.html",
        webhook=webhook,
        is_own=webhook.added_by == visit.principal.actor,
        has_lapsed=webhook.has_lapsed(visit.now),
        secret=secret,
        deliveries=[read for _, read in found],
        next_cursor=wanted.end([each for each, _ in found]),
        is_first=cursor is None,
    )


async def _read(visit: Visit, session: Session, webhook_id: str) -> WebhookRead:
    for each in await service.list_webhooks(session, visit.principal):
        if each.id == webhook_id:
            return each
    raise WebhookNotFoundError


@router.post("/webhooks/{webhook_id}/approve", **page(_SCOPE, WebhookNotFoundError))
async def approve_webhook(
    webhook_id: WebhookId, visit: Changing, session: Session, allowed: Allowed
) -> Response:
    """Approve exactly the address that the page showed."""
    key, url = parse_public_id(service.PREFIX, webhook_id), visit.form.get("url", "")
    await service.approve_webhook(session, visit.principal, allowed, key, url, now=visit.now)
    return visit.redirect(f"/webhooks/{webhook_id}", "webhook-approved")


@router.post("/webhooks/{webhook_id}/test", **page(_SCOPE, WebhookNotFoundError))
async def send_test(webhook_id: WebhookId, visit: Changing, session: Session) -> Response:
    """Send a message that is about nothing."""
    key = parse_public_id(service.PREFIX, webhook_id)
    await service.send_test(session, visit.principal, key, now=visit.now)
    return visit.redirect(f"/webhooks/{webhook_id}", "webhook-tested")


@router.get("/webhooks/{webhook_id}/secret", **page(_SCOPE, WebhookNotFoundError))
async def show_rotate(webhook_id: WebhookId, visit: Reading, session: Session) -> Response:
    """Ask whether a webhook is to have a new secret."""
    webhook = await _read(visit, session, webhook_id)
    return visit.page("webhooks/secret.html", webhook=webhook, key=uuid4().hex)


@router.post("/webhooks/{webhook_id}/secret", **page(_SCOPE, WebhookNotFoundError))
async def rotate_secret(
    webhook_id: WebhookId, visit: Changing, session: Session, gate: CurrentGate
) -> Response:
    """Make a new secret, shown on the page that follows; sent again, it makes and shows none."""
    key, shown = parse_public_id(service.PREFIX, webhook_id), []

    async def act() -> WebhookRead:
        made = await service.rotate_secret(
            session,
            visit.principal,
            gate.seal,
            key,
            ends_old="ends_old" in visit.form,
            now=visit.now,
        )
        shown.append(made.secret)
        return made.webhook  # what is kept for a repeat holds no secret

    if not await is_first(session, visit, _SCOPE, act):
        return visit.redirect(f"/webhooks/{webhook_id}", "secret-shown")
    return await _webhook(visit, session, webhook_id, secret=shown[0])


@router.post("/webhooks/{webhook_id}/pause", **page(_SCOPE, WebhookNotFoundError))
async def set_paused(webhook_id: WebhookId, visit: Changing, session: Session) -> Response:
    """Let deliveries wait, or go on."""
    key, is_paused = parse_public_id(service.PREFIX, webhook_id), "pause" in visit.form
    await service.set_paused(session, visit.principal, key, is_paused=is_paused, now=visit.now)
    return visit.redirect(f"/webhooks/{webhook_id}")


@router.get("/webhooks/{webhook_id}/delete", **page(_SCOPE, WebhookNotFoundError))
async def show_delete(webhook_id: WebhookId, visit: Reading, session: Session) -> Response:
    """Ask whether a webhook is to be deleted."""
    return visit.page("webhooks/delete.html", webhook=await _read(visit, session, webhook_id))


@router.post("/webhooks/{webhook_id}/delete", **page(_SCOPE, WebhookNotFoundError))
async def delete_webhook(webhook_id: WebhookId, visit: Changing, session: Session) -> Response:
    """Delete a webhook with its secrets and what waits for it."""
    key = parse_public_id(service.PREFIX, webhook_id)
    await service.delete_webhook(session, visit.principal, key, now=visit.now)
    return visit.redirect("/webhooks", "webhook-deleted")


@router.post("/webhooks/{webhook_id}/{delivery_id}/again", **page(_SCOPE, WebhookNotFoundError))
async def redeliver(
    webhook_id: WebhookId, delivery_id: DeliveryId, visit: Changing, session: Session
) -> Response:
    """Send a message again."""
    key = parse_public_id(service.PREFIX, webhook_id)
    delivery = parse_public_id(service.DELIVERY, delivery_id)
    await service.redeliver(session, visit.principal, key, delivery, now=visit.now)
    return visit.redirect(f"/webhooks/{webhook_id}")
