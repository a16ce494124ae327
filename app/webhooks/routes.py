from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from app.access.errors import StepUpNeededError
from app.access.permissions import Permission
from app.accounts.deps import CurrentPrincipal
from app.accounts.pages import RequestedPage
from app.core.deps import Now, Session
from app.core.http import StrictRoute
from app.core.ids import parse_public_id
from app.core.openapi import operation
from app.core.paging import CursorError
from app.people.deps import CurrentGate
from app.webhooks import service
from app.webhooks.destinations import Destinations
from app.webhooks.errors import (
    DeliveryNotFoundError,
    DeliveryWaitsError,
    SecondAdministratorError,
    TooManyWebhooksError,
    WebhookExistsError,
    WebhookNotFoundError,
    WebhookStandsError,
    WebhookUrlError,
)
from app.webhooks.schemas import (
    DeliveryId,
    DeliveryPage,
    DeliveryRead,
    SecretRead,
    SecretRotate,
    WebhookAdd,
    WebhookApprove,
    WebhookId,
    WebhookList,
    WebhookPause,
    WebhookRead,
    WebhookSend,
)

router = APIRouter(prefix="/v1", tags=["webhooks"], route_class=StrictRoute)


def _manage(*raises: Any) -> dict[str, Any]:
    return operation(StepUpNeededError, *raises, scope=Permission.WEBHOOKS_MANAGE)


_ONE = _manage(WebhookNotFoundError)


async def allowed_destinations(request: Request) -> Destinations:
    """Return where the operator lets webhooks lead."""
    return Destinations.of(request.app.state.settings)


Allowed = Annotated[Destinations, Depends(allowed_destinations)]


@router.get("/webhooks", openapi_extra=operation(scope=Permission.WEBHOOKS_MANAGE))
async def list_webhooks(session: Session, principal: CurrentPrincipal) -> WebhookList:
    """List the office's webhooks, oldest first."""
    return WebhookList(items=tuple(await service.list_webhooks(session, principal)))


@router.post(
    "/webhooks",
    status_code=201,
    openapi_extra=_manage(WebhookUrlError, WebhookExistsError, TooManyWebhooksError),
)
async def add_webhook(
    body: WebhookAdd,
    session: Session,
    principal: CurrentPrincipal,
    gate: CurrentGate,
    allowed: Allowed,
    now: Now,
) -> SecretRead:
    """Propose an address for the office's events; another administrator must approve it.

    The secret that messages are signed with is shown only now.
    """
    return await service.add_webhook(session, principal, gate.seal, allowed, body.url, now=now)


@router.post(
    "/webhooks/{webhook_id}/approval",
    openapi_extra=_manage(
        WebhookNotFoundError, WebhookUrlError, WebhookStandsError, SecondAdministratorError
    ),
)
async def approve_webhook(
    webhook_id: WebhookId,
    body: WebhookApprove,
    session: Session,
    principal: CurrentPrincipal,
    allowed: Allowed,
    now: Now,
) -> WebhookRead:
    """Approve exactly this address, which another administrator added; it is told from now on."""
    key = parse_public_id(service.PREFIX, webhook_id)
    return await service.approve_webhook(session, principal, allowed, key, body.url, now=now)


@router.put(
    "/webhooks/{webhook_id}/paused",
    openapi_extra=_manage(WebhookNotFoundError, WebhookStandsError),
)
async def set_webhook_paused(
    webhook_id: WebhookId,
    body: WebhookPause,
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
) -> WebhookRead:
    """Let deliveries wait, or go on with all that happened meanwhile."""
    key = parse_public_id(service.PREFIX, webhook_id)
    return await service.set_paused(session, principal, key, is_paused=body.is_paused, now=now)


@router.post("/webhooks/{webhook_id}/secret", openapi_extra=_ONE)
async def rotate_webhook_secret(
    webhook_id: WebhookId,
    body: SecretRotate,
    session: Session,
    principal: CurrentPrincipal,
    gate: CurrentGate,
    now: Now,
) -> SecretRead:
    """Make a new secret, shown only now; the old one signs too for a week, or is ended at once."""
    key = parse_public_id(service.PREFIX, webhook_id)
    return await service.rotate_secret(
        session, principal, gate.seal, key, ends_old=body.ends_old, now=now
    )


@router.post(
    "/webhooks/{webhook_id}/test",
    openapi_extra=_manage(WebhookNotFoundError, WebhookStandsError),
)
async def send_webhook_test(
    webhook_id: WebhookId,
    body: WebhookSend,  # noqa: ARG001 -- each POST takes an object
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
) -> DeliveryRead:
    """Send a signed message that is about nothing; its delivery says how it went."""
    key = parse_public_id(service.PREFIX, webhook_id)
    return await service.send_test(session, principal, key, now=now)


@router.delete("/webhooks/{webhook_id}", openapi_extra=_ONE)
async def delete_webhook(
    webhook_id: WebhookId, session: Session, principal: CurrentPrincipal, now: Now
) -> WebhookRead:
    """Delete a webhook with its secrets and what waits for it."""
    key = parse_public_id(service.PREFIX, webhook_id)
    return await service.delete_webhook(session, principal, key, now=now)


@router.get(
    "/webhooks/{webhook_id}/deliveries",
    openapi_extra=operation(WebhookNotFoundError, CursorError, scope=Permission.WEBHOOKS_MANAGE),
)
async def list_deliveries(
    webhook_id: WebhookId, session: Session, principal: CurrentPrincipal, page: RequestedPage
) -> DeliveryPage:
    """List what was sent to a webhook in the last 30 days and what waits, newest first."""
    key = parse_public_id(service.PREFIX, webhook_id)
    found = await service.list_deliveries(session, principal, key, before=page.id, limit=page.limit)
    return DeliveryPage(
        items=tuple(read for _, read in found), next_cursor=page.end([key for key, _ in found])
    )


@router.post(
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/again",
    openapi_extra=_manage(WebhookNotFoundError, DeliveryNotFoundError, DeliveryWaitsError),
)
async def redeliver(
    webhook_id: WebhookId,
    delivery_id: DeliveryId,
    body: WebhookSend,  # noqa: ARG001 -- each POST takes an object
    session: Session,
    principal: CurrentPrincipal,
    now: Now,
) -> DeliveryRead:
    """Send a message again under its old id, after it was delivered or given up."""
    key = parse_public_id(service.PREFIX, webhook_id)
    delivery = parse_public_id(service.DELIVERY, delivery_id)
    return await service.redeliver(session, principal, key, delivery, now=now)
