from app.core.errors import InvalidError, MovedError, NotFoundError


class CaseNotFoundError(NotFoundError):
    """The office has no case under this reference."""

    code = "case-not-found"
    title = "Case not found"
    default_detail = "Check source_system and external_id; only your own office's cases are found."


class OverlapNotFoundError(NotFoundError):
    """No such overlap, or none that the caller may know of; the two are never told apart."""

    code = "overlap-not-found"
    title = "Overlap not found"
    default_detail = "Check the id; overlaps that you may not know of answer the same."


class OverlapMovedError(MovedError):
    """Another verdict, or other evidence, came first while this verdict waited for it."""

    code = "overlap-moved"
    title = "Somebody was first"
    default_detail = (
        "Read the overlap again; what both offices say of it by now is in its verdicts."
    )


class SummaryRefusedError(InvalidError):
    """The summary holds something that looks like an identifier."""

    code = "summary-holds-identifier"
    title = "Summary holds an identifier"
    default_detail = (
        "Take the identifiers out of the summary; send them as tokens instead. If it holds none, "
        "have a second person read it (POST /v1/summary-readings)."
    )


class TextRefusedError(InvalidError):
    """An attestation or label holds something that looks like an identifier."""

    code = "text-holds-identifier"
    title = "Text holds an identifier"
    default_detail = "Name roles and places in the office, not persons or numbers."


class CaseHeldError(MovedError):
    """The case is under legal hold: it stays as it is until that is lifted."""

    code = "case-held"
    title = "Case under legal hold"
    default_detail = "Have a unit head lift the hold, then post the case again."

    def __init__(self) -> None:
        super().__init__("held")


class TokenRefusedError(InvalidError):
    """A token is not the output of the evaluator, or its kind does not exist."""

    code = "token-invalid"
    title = "Token not valid"
    default_detail = (
        "Send the unblinded element of each key, made with the published match specification."
    )


class DuplicateCaseError(InvalidError):
    """One request names the same case twice."""

    code = "case-twice"
    title = "Case named twice"
    default_detail = "Send each case once per request."
