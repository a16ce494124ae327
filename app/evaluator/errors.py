from app.core.errors import ConflictError, InvalidError, TooLargeError


class EpochChangedError(ConflictError):
    """The request names another key epoch than the evaluator's."""

    code = "epoch-changed"
    title = "Key epoch changed"
    default_detail = "Fetch GET /v1/oprf/keys of the registry, pin the new keys and repeat."


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
