from app.core.errors import ConflictError, NotFoundError, PreconditionFailedError


class HandlingNotFoundError(NotFoundError):
    """No such request, or not between the caller's office and another."""

    code = "handling-request-not-found"
    title = "Handling request not found"


class HandlingOpenError(ConflictError):
    """The overlap has a request that is pending or accepted."""

    code = "handling-request-open"
    title = "A request is open for this overlap"
    default_detail = "Read GET /v1/handling-requests and answer or await the open one."


class HandlingAnsweredError(ConflictError):
    """The request was answered before; an answer is final."""

    code = "handling-request-answered"
    title = "Answered before"
    default_detail = (
        "Read the request for its answer; after a declination a new request can be made."
    )


class HandlingNotYoursError(ConflictError):
    """Only the office that was asked can answer."""

    code = "handling-request-not-yours-to-answer"
    title = "Not yours to answer"
    default_detail = "Your office sent this request; the other one answers it."


class HandlingChangedError(PreconditionFailedError):
    """The request changed since the caller read it."""

    code = "handling-request-changed"
