from app.core.errors import ForbiddenError, InvalidError, TooLargeError


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
