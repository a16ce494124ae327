from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class FieldProblem:
    """One thing wrong with a request: where (RFC 6901 pointer) and what to do; no value."""

    pointer: str
    code: str
    detail: str


class AppError(Exception):
    """A refusal that a caller can act on; rendered as an RFC 9457 problem by `core.http`.

    `detail` goes to the client, so it never holds an identifier, a name or another office's data.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"
    default_detail: ClassVar[str] = (
        "Try again; if it happens again, send the trace id to the operator."
    )
    sends: ClassVar[tuple[str, ...]] = ()
    """Headers that the refusal can bring."""

    def __init__(
        self, detail: str | None = None, *, problems: tuple[FieldProblem, ...] = ()
    ) -> None:
        self.detail = detail or self.default_detail
        self.problems = problems
        self.headers: dict[str, str] = {}
        self.extensions: dict[str, str] = {}
        super().__init__(self.code)


class MalformedError(AppError):
    """The request cannot be read."""

    status = 400
    code = "malformed-request"
    title = "Request cannot be read"
    default_detail = "Send well-formed JSON in UTF-8 with the media type application/json."


class UnknownParameterError(MalformedError):
    """A query parameter that the operation does not have, or has once and was sent twice."""

    code = "unknown-parameter"
    title = "Unknown query parameter"
    default_detail = "Remove it; /openapi.json lists the parameters of each operation."


class UnauthenticatedError(AppError):
    """The caller is not known."""

    status = 401
    code = "unauthenticated"
    title = "Sign-in needed"
    default_detail = "Get an access token from POST /v1/oauth/token and send it as a bearer token."
    sends = ("WWW-Authenticate",)

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail)
        self.headers = {"WWW-Authenticate": "Bearer"}


class ForbiddenError(AppError):
    """The caller is known and may not do this."""

    status = 403
    code = "forbidden"
    title = "Not permitted"
    default_detail = "Ask your office's administrator for a credential with the needed scope."


class NotFoundError(AppError):
    """Absent, or not visible to the caller; the two are never told apart."""

    status = 404
    code = "not-found"
    title = "Not found"
    default_detail = "Check the address; things that you may not know of answer the same."


class MethodNotAllowedError(AppError):
    """The address exists and does not offer this method."""

    status = 405
    code = "method-not-allowed"
    title = "Method not allowed"
    default_detail = "See /openapi.json for the methods that this address offers."


class ConflictError(AppError):
    """The request does not fit the present state."""

    status = 409
    code = "conflict"
    title = "Conflict"
    default_detail = "Read the present state and decide again."


class MovedError(ConflictError):
    """A step does not lead on from where the thing is by now; `status_now` says where that is."""

    code = "step-not-possible"
    title = "Not a step from here"

    def __init__(self, status_now: str) -> None:
        super().__init__()
        self.extensions = {"status_now": status_now}


class EpochChangedError(ConflictError):
    """The request names another key epoch than the one in force."""

    code = "epoch-changed"
    title = "Key epoch changed"
    default_detail = "Fetch GET /v1/oprf/keys, pin the new keys, make the tokens again and repeat."


class GoneError(AppError):
    """What was asked for was there, and is kept no more."""

    status = 410
    code = "gone"
    title = "Kept no more"
    default_detail = "It was kept for as long as is promised; begin anew with what there is now."


class PreconditionFailedError(AppError):
    """The thing changed since the caller read it (RFC 9110 section 13.1.1)."""

    status = 412
    code = "version-changed"
    title = "Changed since you read it"
    default_detail = "Read it again and repeat with the new ETag in If-Match."


class TooLargeError(AppError):
    """The body is larger than this operation takes."""

    status = 413
    code = "body-too-large"
    title = "Body too large"
    default_detail = "Split the request into smaller ones; GET /v1/meta gives the limits."


class MediaTypeError(AppError):
    """The body is of a kind that this operation does not read."""

    status = 415
    code = "media-type-unsupported"
    title = "Media type not supported"
    default_detail = "Send application/json."


class InvalidError(AppError):
    """The request is well-formed and breaks a rule; `problems` say where."""

    status = 422
    code = "invalid-request"
    title = "Request breaks a rule"
    default_detail = "Correct the places named in errors and send it again."


class PreconditionRequiredError(AppError):
    """The operation needs a header that was not sent (RFC 6585 section 3)."""

    status = 428
    code = "precondition-required"
    title = "Header needed"
    default_detail = "Send If-Match with the ETag of the version that you read."


class UnavailableError(AppError):
    """A part that the service needs does not answer; the outcome may be unknown."""

    status = 503
    code = "temporarily-unavailable"
    title = "Temporarily unavailable"
    default_detail = "Repeat the same request after the time in Retry-After; repeating is safe."
    sends = ("Retry-After",)

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": "2"}
