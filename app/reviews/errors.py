from app.core.errors import InvalidError, MovedError, NotFoundError


class ReadingNotFoundError(NotFoundError):
    """The office has no such reading of a summary, or it has ended."""

    code = "summary-reading-not-found"
    title = "Reading of a summary not found"
    default_detail = "Ask for another; a reading that nobody gave ends after a day."


class ReadingNotNeededError(InvalidError):
    """The summary seems to hold no identifier, so it can be posted as it is."""

    code = "summary-reading-not-needed"
    title = "No second reading needed"
    default_detail = "Post the case with this summary."


class OtherSummaryError(MovedError):
    """What the second person read is not what the first asked about."""

    code = "summary-differs"
    title = "Another summary"
    default_detail = "Send the very text that the first person sent, character by character."


class CorrectionNotFoundError(NotFoundError):
    """The case has no such request for correction, or is not the caller's."""

    code = "correction-not-found"
    title = "Request for correction not found"
    default_detail = "Read the requests of the case; only your own office's cases are found."


class CorrectionSettledError(MovedError):
    """The review is closed; its outcome stays."""

    code = "correction-settled"
    title = "Correction settled before"
    default_detail = "Read the requests of the case; ask for another review if it is needed."


class CaseNotHeldError(MovedError):
    """No legal hold is on the case."""

    code = "case-not-held"
    title = "No legal hold"
    default_detail = "Read the case; there is nothing to lift."

    def __init__(self) -> None:
        super().__init__("not_held")
