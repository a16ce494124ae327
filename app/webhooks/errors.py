from app.core.errors import ConflictError, ForbiddenError, InvalidError, MovedError, NotFoundError


class WebhookNotFoundError(NotFoundError):
    """The office has no such webhook."""

    code = "webhook-not-found"
    title = "Webhook not found"
    default_detail = "GET /v1/webhooks lists those of your office."


class DeliveryNotFoundError(NotFoundError):
    """The webhook has no such delivery, or its record is older than what is kept."""

    code = "delivery-not-found"
    title = "Delivery not found"
    default_detail = "GET /v1/webhooks/{id}/deliveries lists those of the last 30 days."


class WebhookUrlError(InvalidError):
    """The address is not one that deliveries may go to."""

    code = "webhook-url-refused"
    title = "Address not allowed"
    default_detail = (
        "Send https://host/path of a public host by name, on port 443, without user and fragment. "
        "The operator may allow certain hosts only."
    )


class WebhookExistsError(MovedError):
    """The office has a webhook at this address."""

    code = "webhook-exists"
    title = "Webhook exists"
    default_detail = "One address has one webhook; use the one that is there, or delete it first."


class TooManyWebhooksError(ConflictError):
    """The office has as many webhooks as it may have."""

    code = "webhooks-too-many"
    title = "Too many webhooks"
    default_detail = "An office has at most ten; delete one that is not used."


class WebhookStandsError(MovedError):
    """The webhook is not in a state in which this can be done."""

    code = "webhook-stands"
    title = "Not possible as it stands"
    default_detail = (
        "Read the webhook: it is approved once, within 24 hours, while who added it is an "
        "administrator, and only an active one can be tested. Else delete it, and add it again."
    )


class SecondAdministratorError(ForbiddenError):
    """Who added a webhook cannot approve it."""

    code = "second-administrator-needed"
    title = "Second administrator needed"
    default_detail = "Another administrator of your office must approve this address."


class DeliveryWaitsError(MovedError):
    """The delivery waits to be tried anyway, or its event is not to be told any more."""

    code = "delivery-not-repeatable"
    title = "Not to be delivered again"
    default_detail = "Only what was delivered or given up can be delivered again."
