from app.core.errors import ForbiddenError, InvalidError, TooLargeError, UnavailableError


class EvaluationScopeError(ForbiddenError):
    """The access token does not carry the scope of the evaluator."""

    code = "missing-evaluation-scope"
    title = "Scope missing"
    default_detail = "Ask for an access token with the scope tokens:evaluate for this resource."


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
