from app.core.errors import (
    ForbiddenError,
    InvalidError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
)


class PermitNeededError(UnauthenticatedError):
    """No permit, or one that the registry did not give, or that has expired."""

    code = "permit-needed"
    title = "Permit needed"
    default_detail = "Get a permit for this batch from POST /v1/tokens/permits of the registry."


class PermitMismatchError(ForbiddenError):
    """The permit is for another batch: other elements, classes, numbers or epoch."""

    code = "permit-mismatch"
    title = "Permit for another batch"
    default_detail = "Send exactly the groups whose digest and counts the permit was asked for."


class BatchTooLargeError(TooLargeError):
    """The groups hold more elements together than one request takes."""

    code = "batch-too-large"
    title = "Too many elements"
    default_detail = "Send at most 1000 elements per request."


class BadElementError(InvalidError):
    """Something sent is not a blinded element."""

    code = "bad-element"
    title = "Element not valid"
    default_detail = "Send canonical ristretto255 elements as 32 bytes in base64url."


class EvaluatorBusyError(UnavailableError):
    """As many evaluations wait as this process takes."""

    code = "evaluator-busy"
    title = "Evaluator busy"
    default_detail = "Repeat the same request after the seconds in Retry-After."
